/** Builds the collector from its rooms and starts and stops them in order: the one place that knows them all. */
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import type { Clock } from "../shared/clock.ts";
import { EtcdscopeError } from "../shared/errors.ts";
import type { ClusterState } from "../shared/rest.ts";
import type { AgentIdentity } from "../shared/frame.ts";
import { SettingsSchema, type Settings } from "../shared/gen/etcdscope/v1/stream_pb.js";
import type { Logger } from "../shared/log-line.ts";
import { answerDiagnosis, answerRunbook } from "./answer-diagnosis.ts";
import { createApi } from "./api/create-api.ts";
import type { StateSource } from "./api/state-source.ts";
import { createEventHub } from "./api/stream/event-hub.ts";
import { writeCapture } from "./capture/write-capture.ts";
import type { CollectorConfig } from "./config.ts";
import type { Evaluation } from "./diagnosis/evaluate.ts";
import { reportBackups, reportFlags } from "./diagnosis/report-backups.ts";
import { resolveThresholds } from "./diagnosis/thresholds.ts";
import { createEnrolment } from "./enrol/enrolment.ts";
import { createFindingRecorder } from "./finding-recorder.ts";
import { createHashRounds } from "./hash-rounds.ts";
import { createIncidentReader } from "./incident-reader.ts";
import { createIncidentWatch } from "./incident-watch.ts";
import { createIngest } from "./ingest/ingest.ts";
import { createClockWatch } from "./clock-watch.ts";
import { createLiveClusters } from "./live-clusters.ts";
import { createNoteTaker } from "./note-taker.ts";
import type { IncidentRecord } from "../shared/incident-record.ts";
import type { HistoryProblem } from "./history/history-problems.ts";
import { createHistory } from "./history/history.ts";
import type { CollectorTrouble } from "./view/cluster-view.ts";
import { createOutputs } from "./output/outputs.ts";
import { createPastClusters } from "./past-clusters.ts";
import { restoreSilent, restoreState } from "./restore-state.ts";

export interface CollectorOptions {
  readonly config: CollectorConfig;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Collector {
  /** Rejects when a port or the history cannot be had. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A cluster that cannot afford a failure is not burdened by an fsync every few seconds. */
const CAREFUL_FSYNC_INTERVAL_MS = 60_000;

/** Where the build puts the console; in a package, where one file holds the collector, it lies beside that file. */
const CONSOLE_FOLDER = join(import.meta.dirname, "console/dist");

/** Problems with which a collector does all that it is there for. */
const OF_THE_PAST: readonly HistoryProblem["code"][] = [
  "DAMAGED_FILE_SET_ASIDE",
  "PART_UNREADABLE",
  "NOT_KEPT_SMALL",
];

function toTrouble({ code, message, sinceMs, isFull }: HistoryProblem): CollectorTrouble {
  switch (code) {
    case "NOT_WRITABLE":
      return { kind: isFull ? "disk-full" : "not-writable", message, sinceMs };
    case "NAMES_FULL":
      return { kind: "names-full", message, sinceMs };
    case "NAMES_OF_AGENT":
      return { kind: "names-of-agent", message, sinceMs };
    case "PART_UNREADABLE":
      return { kind: "part-unreadable", message, sinceMs };
    case "NOT_KEPT_SMALL":
      return { kind: "not-kept-small", message, sinceMs };
    case "DAMAGED_FILE_SET_ASIDE":
      return { kind: "set-aside", message, sinceMs };
  }
}

export function createCollector(options: CollectorOptions): Collector {
  const { config, clock, log } = options;
  const thresholds = resolveThresholds(config.thresholds);
  const expectedVoters = (cluster: string): number | undefined => config.clusters[cluster]?.voters;
  const history = createHistory({ ...config.history, clock, log });
  const recorder = createFindingRecorder({
    save: (cluster, findings) => history.saveFindings(cluster, findings),
    log,
  });
  const incidents = createIncidentWatch({ save: saveIncidents, log });
  const events = createEventHub({ clock, stateOf });
  const notes = createNoteTaker({
    save: (cluster, batch) => history.saveNotes(cluster, batch),
    clock,
    log,
  });
  const outputs = createOutputs({ config, clock, log });
  const phases = new Map<string, { readonly agent: AgentIdentity; readonly phaseMs: number }>();
  const careful = new Set<string>();
  const hashRounds = createHashRounds();
  let isListening = false;

  const clockWatch = createClockWatch(clock, (byMs) => {
    log.warn({ byMs }, "The machine's clock was set: what is held in its time moves along.");
    live.moveTimes(byMs);
    incidents.moveTimes(byMs);
    ingest.moveTimes(byMs);
  });

  const live = createLiveClusters({
    clock,
    log,
    thresholds,
    expectedVoters,
    beforeLook: () => clockWatch.look(),
    onFolded: (before, after, frame) => notes.take(before, after, frame),
    holdMs: () => ingest.holdMs(),
    forgottenAfterMs: config.history.rawMs,
    onForgotten: (agent) => {
      phases.delete(`${agent.cluster}/${agent.node}`);
      ingest.forget(agent);
    },
    collectorTroubles: () => history.problems().map(toTrouble),
    onEvaluated: (cluster, evaluation) => {
      incidents.observe(cluster, evaluation);
      events.observe({
        state: incidents.complete(evaluation.state),
        resolved: evaluation.resolved,
        incidents: incidents.list(cluster),
      });
      notes.flush();
      recorder.record(cluster, { active: evaluation.state.findings, resolved: evaluation.resolved });
      outputs.observe({ cluster, active: evaluation.state.findings, resolved: evaluation.resolved });
      adjustCare(cluster, evaluation);
      pushTo(cluster, hashRounds.observe(evaluation));
    },
  });

  const ingest = createIngest({
    config: config.grpc,
    enrolment: config.grpc.enrol && createEnrolment({ paths: config.grpc.enrol, clock, log }),
    history,
    clock,
    log,
    onFrames: (frames) => {
      live.addFrames(frames);
      outputs.takeFrames(frames);
    },
    beforeReceipt: () => clockWatch.look(),
    onStreamState: (agent, state) => live.setStream(agent, state === "open"),
    settingsFor: (agent, phaseMs) => {
      phases.set(`${agent.cluster}/${agent.node}`, { agent, phaseMs });
      return settingsOf(agent, phaseMs);
    },
  });

  /** With each, what was recorded around it is kept in full resolution; for one that is open, up to now. */
  async function saveIncidents(records: readonly IncidentRecord[]): Promise<void> {
    await history.saveIncidents(records);
    for (const { cluster, openedMs, resolvedMs } of records) {
      await history.keepSpan(cluster, openedMs, resolvedMs ?? clock.nowMs());
    }
  }

  function settingsOf(agent: AgentIdentity, phaseMs: number): Settings {
    return create(SettingsSchema, {
      fsyncProbePhaseMs: phaseMs,
      holdFramesMs: ingest.holdMs(),
      fsyncProbeMinIntervalMs: careful.has(agent.cluster) ? CAREFUL_FSYNC_INTERVAL_MS : 0,
      hashRound: hashRounds.roundOf(agent),
    });
  }

  function adjustCare(cluster: string, { state }: Evaluation): void {
    const needsCare = state.quorum.voters > 2 && state.quorum.tolerance <= 0;
    if (needsCare === careful.has(cluster)) {
      return;
    }
    if (needsCare) {
      careful.add(cluster);
    } else {
      careful.delete(cluster);
    }
    pushTo(cluster, undefined);
  }

  /** Settings to these nodes, or to all of the cluster. */
  function pushTo(cluster: string, nodes: readonly string[] | undefined): void {
    for (const { agent, phaseMs } of nodes?.length === 0 ? [] : phases.values()) {
      if (agent.cluster === cluster && nodes?.includes(agent.node) !== false) {
        ingest.pushSettings(agent, settingsOf(agent, phaseMs));
      }
    }
  }

  function stateOf(cluster: string): ClusterState | undefined {
    const state = live.find(cluster)?.state;
    return state === undefined ? undefined : incidents.complete(state);
  }

  function findEvaluation(cluster: string): Evaluation {
    const evaluation = live.find(cluster);
    if (evaluation === undefined) {
      throw new EtcdscopeError("UNAVAILABLE", `The cluster "${cluster}" has not been judged yet; ask again`);
    }
    return evaluation;
  }

  const past = createPastClusters({
    clock,
    thresholds,
    expectedVoters,
    readFrames: (name, fromMs, toMs) => history.frames(name, fromMs, toMs),
    readFindings: (name, fromMs, toMs) => history.findings(name, fromMs, toMs),
    readFactsAt: (query) => history.factsAt(query),
    forgottenAfterMs: config.history.rawMs,
  });

  async function look(cluster: string, atMs: number | undefined): Promise<Evaluation | undefined> {
    return atMs === undefined ? live.find(cluster) : await past.at(cluster, atMs);
  }

  const source: StateSource = {
    clusters: () =>
      live.summaries().map((one) => ({ ...one, openIncident: incidents.openIncident(one.name) })),
    hasCluster: (cluster) => live.has(cluster),
    state: stateOf,
    stateAt: async (cluster, atMs) => {
      const [then, open] = await Promise.all([
        past.at(cluster, atMs),
        history.incidents(cluster, atMs, atMs),
      ]);
      return then === undefined ? undefined : { ...then.state, openIncident: open.at(-1)?.id ?? null };
    },
    connectivity: async (cluster, atMs) => (await look(cluster, atMs))?.links ?? [],
    certificates: async (cluster, atMs) => (await look(cluster, atMs))?.certificates ?? [],
    backups: async (cluster, atMs) => {
      const evaluation = await look(cluster, atMs);
      return evaluation === undefined ? [] : reportBackups(evaluation.cluster);
    },
    flags: async (cluster, atMs) => {
      const evaluation = await look(cluster, atMs);
      return evaluation === undefined ? [] : reportFlags(evaluation.cluster);
    },
    diagnosis: async (cluster, atMs) => {
      const evaluation = await look(cluster, atMs);
      return evaluation === undefined ? undefined : answerDiagnosis(evaluation);
    },
    runbook: (cluster, request) => answerRunbook(findEvaluation(cluster), request),
    compareData: (cluster) => {
      const answer = hashRounds.request(findEvaluation(cluster));
      if (answer.kind === "refused") {
        throw new EtcdscopeError("UNAVAILABLE", `The members' data is not compared now: ${answer.because}`);
      }
      pushTo(cluster, [answer.node]);
      return { cluster, node: answer.node };
    },
    findings: (cluster, fromMs, toMs) => history.findings(cluster, fromMs, toMs),
    capture: (request) =>
      writeCapture(request, {
        nowMs: clock.nowMs(),
        thresholds: live.thresholds(),
        expectedVoters: expectedVoters(request.cluster),
        readFrames: (name, fromMs, toMs) => history.frames(name, fromMs, toMs),
        readFindings: (name, fromMs, toMs) => history.findings(name, fromMs, toMs),
        readFactsAt: (query) => history.factsAt(query),
        forgottenAfterMs: config.history.rawMs,
      }),
    readiness: () => {
      const reasons = history
        .problems()
        .filter(({ code }) => !OF_THE_PAST.includes(code))
        .map(({ message }) => message);
      if (!isListening) {
        reasons.push("the agents' port is not open yet");
      }
      return { ready: reasons.length === 0, reasons };
    },
  };
  const incidentReader = createIncidentReader({
    history,
    clock,
    find: (cluster) => live.find(cluster),
    live: (cluster) => incidents.list(cluster),
  });
  const api = createApi({
    source,
    incidents: incidentReader,
    history,
    events,
    http: config.http,
    clock,
    log,
    ingestMetrics: ingest.counters,
    outputMetrics: outputs.counters,
    consoleFolder: CONSOLE_FOLDER,
  });

  const restoring = {
    history,
    live,
    incidents,
    clock,
    log,
    forgottenAfterMs: config.history.rawMs,
  };

  async function start(): Promise<void> {
    await history.start();
    await restoreState(restoring);
    await restoreSilent(restoring);
    live.start();
    outputs.start();
    await listen();
    const grpcPort = await ingest.start();
    isListening = true;
    log.info(
      {
        grpc: `${config.grpc.host}:${grpcPort}`,
        http: `${config.http.host}:${config.http.port}`,
        history: config.history.path,
      },
      "The collector is up.",
    );
  }

  async function listen(): Promise<void> {
    const { host, port } = config.http;
    try {
      await api.listen({ host, port });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      throw new EtcdscopeError("UNAVAILABLE", `HTTP could not listen on ${host}:${port}: ${text}`, {
        cause: error,
      });
    }
  }

  return {
    start,
    async stop() {
      isListening = false;
      await ingest.stop();
      live.stop();
      outputs.stop();
      await api.close();
      await history.close();
      log.info({}, "The collector has stopped.");
    },
  };
}

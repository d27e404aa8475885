/**
 * `etcdscope diagnose`: this node, now, without a collector. The agent's probes look for a few seconds, their frames are
 * folded and judged by the collector's own code, and the decision tree is told. Exit code 0 ok, 1 bad, 3 unknown.
 */
import { hostname } from "node:os";
import { resolve } from "node:path";
import { checkAgentConfig } from "../agent/config-file.ts";
import type { AgentConfig } from "../agent/config.ts";
import { createEtcdDoor } from "../agent/etcd/create-etcd-door.ts";
import { createLinuxHost } from "../agent/host/linux-host.ts";
import type { LocalLook } from "../agent/local-look.ts";
import { createLocalLook } from "../agent/local-look.ts";
import { walkTree } from "../collector/diagnosis/decision-tree.ts";
import type { Evaluation } from "../collector/diagnosis/evaluate.ts";
import { evaluate } from "../collector/diagnosis/evaluate.ts";
import { findNode } from "../collector/diagnosis/judged-cluster.ts";
import { LOCAL_RULES } from "../collector/diagnosis/local-rules.ts";
import { reportMachine } from "../collector/diagnosis/report-machine.ts";
import { OBSTACLE_HOLDS_MS } from "../collector/diagnosis/start-rule.ts";
import { DEFAULT_THRESHOLDS } from "../collector/diagnosis/thresholds.ts";
import { EMPTY_TRACKER } from "../collector/diagnosis/track.ts";
import { addNext } from "../collector/runbook/next-step.ts";
import { foldCluster } from "../collector/view/fold.ts";
import { findFact, findRun } from "../collector/view/node-reading.ts";
import type { ClusterFrames } from "../collector/view/node-state.ts";
import type { Clock } from "../shared/clock.ts";
import { formatProblems } from "../shared/config/config-problem.ts";
import type { Frame } from "../shared/frame.ts";
import { ProcessState } from "../shared/gen/etcdscope/v1/fact_pb.js";
import { Outcome } from "../shared/gen/etcdscope/v1/stream_pb.js";
import type { Logger } from "../shared/log-line.ts";
import type { CheckState } from "../shared/rest.ts";
import { ETCDSCOPE_VERSION } from "../shared/version.ts";
import type { Terminal } from "./terminal.ts";
import { renderDiagnosis } from "./view/render-diagnosis.ts";

export interface DiagnoseRequest {
  /** The agent's configuration; undefined: what discovery finds. */
  readonly config: string | undefined;
  /** Which etcd, when several run here: goes before what the configuration says. */
  readonly name?: string | undefined;
  readonly dataDir?: string | undefined;
  readonly json: boolean;
  readonly clock: Clock;
}

/** Two looks of the metrics, and whatever a first failure has set off. */
const LEAST_MS = 4500;
/** A silence counts as one after 5 s; with the start and the end all stays below 15 s. */
const MOST_MS = 11_000;
const LOOK_EVERY_MS = 500;
const EXIT_CODES: Readonly<Record<CheckState, number>> = { ok: 0, bad: 1, unknown: 3 };

export async function runDiagnose(request: DiagnoseRequest, terminal: Terminal): Promise<number> {
  const { clock } = request;
  const config = readConfig(request, terminal);
  if (config === undefined) {
    return 2;
  }
  const host = createLinuxHost({ clock });
  const look = createLocalLook({ config, clock, log: SILENT, host, createEtcdDoor });
  const beganUs = clock.monotonicUs();
  const evaluation = await watch(look, { config, clock, hasOwnCertificate: request.config !== undefined });
  const seconds = (clock.monotonicUs() - beganUs) / 1e6;
  const source = look.source();
  await look.stop();
  const diagnosis = addNext(walkTree(evaluation, { node: config.node }), evaluation, { isOnNode: true });
  terminal.write(
    request.json
      ? `${JSON.stringify(diagnosis, null, 2)}\n`
      : renderDiagnosis(diagnosis, {
          terminal,
          node: config.node,
          seconds,
          source,
          machine: reportMachine(findNode(evaluation.cluster, config.node)),
        }),
  );
  const code = EXIT_CODES[diagnosis.state];
  if (host.pendingOperations().length > 0) {
    // Node's own end waits for every thread, and one of them waits for a file system that may never answer.
    process.execve?.("/bin/sh", ["sh", "-c", `exit ${code}`], {});
  }
  return code;
}

interface WatchOptions {
  readonly config: AgentConfig;
  readonly clock: Clock;
  /** Without a configuration there is no agent's certificate to speak of. */
  readonly hasOwnCertificate: boolean;
}

/** Looks until everything was seen once and what matters is decided, or the time is over. */
async function watch(look: LocalLook, options: WatchOptions): Promise<Evaluation> {
  const { config, clock } = options;
  const beganMs = clock.monotonicUs() / 1000;
  let frames: ClusterFrames = { cluster: config.cluster, nodes: new Map() };
  let tracker = EMPTY_TRACKER;
  await look.start();
  for (;;) {
    await sleep(clock, LOOK_EVERY_MS);
    const nowMs = clock.nowMs();
    const frame = options.hasOwnCertificate ? look.closeFrame() : withoutOwnCertificate(look.closeFrame());
    frames = foldCluster(frames, {
      agent: { cluster: config.cluster, node: config.node },
      instanceId: "diagnose",
      agentVersion: ETCDSCOPE_VERSION,
      receivedAtMs: nowMs,
      frame,
    });
    const evaluation = evaluate(frames, tracker, {
      nowMs,
      thresholds: DEFAULT_THRESHOLDS,
      expectedVoters: undefined,
      collectorStartedAtMs: 0,
      rules: LOCAL_RULES,
    });
    tracker = evaluation.tracker;
    const forMs = clock.monotonicUs() / 1000 - beganMs;
    const isDecided =
      walkTree(evaluation, { node: config.node }).state !== "unknown" && !isStartUnsettled(evaluation);
    if (forMs >= MOST_MS || (forMs >= LEAST_MS && look.isComplete() && isDecided)) {
      return evaluation;
    }
  }
}

/**
 * What stands in a dead etcd's way is told when it has stood there for a moment; and what could not be looked at in time, on a
 * busy machine, is waited for.
 */
function isStartUnsettled({ cluster }: Evaluation): boolean {
  return cluster.view.nodes.some(({ state }) => {
    const isAbsent = findFact(state, "process", "process")?.body.state === ProcessState.ABSENT;
    const start = findFact(state, "start", "start");
    const isFresh = start !== undefined && cluster.nowMs - start.sinceMs < OBSTACLE_HOLDS_MS;
    return isFresh || (isAbsent && findRun(state, "start", "")?.outcome !== Outcome.OK);
  });
}

function withoutOwnCertificate(frame: Frame): Frame {
  return { ...frame, facts: frame.facts.filter(({ key }) => key !== "certificate/agent") };
}

function sleep(clock: Clock, durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(durationMs, resolve);
  });
}

function readConfig(request: DiagnoseRequest, terminal: Terminal): AgentConfig | undefined {
  const config =
    request.config === undefined ? { ...DISCOVERED, node: hostname() } : readFile(request.config, terminal);
  const { name, dataDir } = request;
  return config === undefined || (name === undefined && dataDir === undefined)
    ? config
    : { ...config, etcd: { ...config.etcd, name, dataDir: dataDir && resolve(dataDir) } };
}

/** No collector is spoken to: that the certificates for it are not there is told with the others, and keeps nobody from looking. */
function readFile(file: string, terminal: Terminal): AgentConfig | undefined {
  const result = checkAgentConfig(file, { isFilesToo: false });
  if (result.kind === "invalid") {
    terminal.writeError(`${formatProblems(file, result.problems)}\n`);
    return undefined;
  }
  return result.config;
}

/** What an agent's configuration would say if it said nothing. Only what probes read of it is ever used. */
const DISCOVERED: Omit<AgentConfig, "node"> = {
  cluster: "local",
  collectors: [],
  tls: { ca: "", cert: "", key: "" },
  etcd: { name: undefined, dataDir: undefined, endpoint: undefined, tls: undefined, logs: "auto" },
  peers: {},
  backups: undefined,
  intervals: { fastMs: 1000, normalMs: 10_000, slowMs: 60_000 },
  fsyncProbe: { enabled: true, intervalMs: 5000 },
  spool: { dir: "", maxBytes: 0, maxAgeMs: 0 },
  log: { level: "error" },
};

/** What a probe could not do is in its run, and told with the check that misses it. */
const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => SILENT,
};

/**
 * A capture → what the rules of this version say of it: fold, looks, findings, incidents by the code that does it live, at
 * the times at which the collector looked. Pure: the same capture gives the same document.
 */
import { EtcdscopeError } from "../../shared/errors.ts";
import { formatTimestamp } from "../../shared/parse-timestamp.ts";
import type { IncidentRecord } from "../../shared/incident-record.ts";
import type { Note } from "../../shared/note.ts";
import type { Replay, VerdictChange } from "../../shared/rest-replay.ts";
import type { Text } from "../../shared/text.ts";
import type { ClusterState, Finding } from "../../shared/rest.ts";
import { ETCDSCOPE_VERSION } from "../../shared/version.ts";
import { evaluate, type Evaluation } from "../diagnosis/evaluate.ts";
import { DEFAULT_THRESHOLDS, type Thresholds } from "../diagnosis/thresholds.ts";
import { restoreTracker, type Tracker } from "../diagnosis/track.ts";
import { buildIncident } from "../incident/build-incident.ts";
import { findOpen, NO_INCIDENTS, stepIncidents, type IncidentState } from "../incident/incident-core.ts";
import { lookAt } from "../incident/look-at.ts";
import { noteFrame } from "../incident/note-frame.ts";
import { isNews, LOOK_EVERY_MS, NEWS_AFTER_MS } from "../is-news.ts";
import { foldCluster } from "../view/fold.ts";
import type { ClusterFrames } from "../view/node-state.ts";
import type { Capture, CaptureHeader } from "./capture-format.ts";
import { foldFactsAtStart } from "./facts-at-start.ts";
import { orderFrames, type TimedFrame } from "./order-frames.ts";

export interface ReplayRequest {
  /** Whose state is asked for; undefined: the end of the span. */
  readonly atMs: number | undefined;
}

/** Throws ARGUMENT_INVALID when the moment is outside of the span, or the capture knows of no node. */
export function replayCapture(capture: Capture, { atMs }: ReplayRequest): Replay {
  const { header } = capture;
  const { fromMs, toMs } = header;
  if (atMs !== undefined && (atMs < fromMs || atMs > toMs)) {
    const span = `${formatTimestamp(fromMs)} to ${formatTimestamp(toMs)}`;
    throw new EtcdscopeError("ARGUMENT_INVALID", `--at: expected a moment of the capture, ${span}`, {
      field: "--at",
    });
  }
  const begin = foldFactsAtStart(header.cluster, capture.nodesAtStart);
  const played = play(header, { begin, frames: orderFrames(capture.frames) }, atMs ?? toMs);
  const findings = [...played.findings.values()]
    .filter(({ until }) => until === null || Date.parse(until) >= fromMs)
    .toSorted((one, other) => (sortKey(one) < sortKey(other) ? -1 : 1));
  return {
    cluster: header.cluster,
    from: formatTimestamp(fromMs),
    to: formatTimestamp(toMs),
    capture: {
      sha256: capture.sha256,
      writtenAt: formatTimestamp(header.writtenAtMs),
      writtenBy: header.writtenBy,
      replayedBy: ETCDSCOPE_VERSION,
      nodes: [...new Set(capture.frames.map(({ agent }) => agent.node))].sort(),
      frames: capture.frames.length,
      silentAtStart: [...begin.nodes.values()]
        .map(({ node, lastReceivedAtMs }) => ({ node, lastHeard: formatTimestamp(lastReceivedAtMs) }))
        .sort((one, other) => (one.node < other.node ? -1 : 1)),
      leftOutAtStart: header.factsAtStart?.leftOut ?? 0,
    },
    verdicts: played.verdicts,
    findings,
    incidents: [...played.incidents.values()]
      .filter(({ resolvedMs }) => (resolvedMs ?? Infinity) >= fromMs)
      .map((record) =>
        buildIncident({
          record,
          findings: [...played.findings.values()],
          notes: [...played.notes.values()],
          trends: [],
          nowMs: toMs,
          unknown: sayUnknown(header),
        }),
      ),
    state: played.state,
  };
}

function sayUnknown({ beginMs, factsAtStart }: CaptureHeader): readonly Text[] {
  const begin = formatTimestamp(beginMs);
  const leftOut = factsAtStart?.leftOut ?? 0;
  return [
    {
      en: `replayed from a capture: nothing before ${begin} is known`,
      zh: `由捕获文件重放：${begin} 之前的情况未知`,
    },
    ...(leftOut === 0
      ? []
      : [
          {
            en: `nodes that were silent by then and did not fit into the capture: ${leftOut}`,
            zh: `当时已无消息、未能放入捕获文件的节点：${leftOut} 个`,
          },
        ]),
  ];
}

interface Played {
  readonly findings: ReadonlyMap<string, Finding>;
  readonly incidents: ReadonlyMap<string, IncidentRecord>;
  readonly notes: ReadonlyMap<string, Note>;
  readonly verdicts: readonly VerdictChange[];
  readonly state: ClusterState;
}

interface Recorded {
  /** Before the first frame. */
  readonly begin: ClusterFrames;
  readonly frames: readonly TimedFrame[];
}

function play(header: CaptureHeader, { begin, frames }: Recorded, stateAtMs: number): Played {
  const beganMs = findBegin(header, { begin, frames });
  const options = {
    thresholds: readThresholds(header),
    expectedVoters: header.expectedVoters ?? undefined,
    collectorStartedAtMs: beganMs,
  };
  const findings = new Map<string, Finding>();
  const incidents = new Map<string, IncidentRecord>();
  const notes = new Map<string, Note>();
  const verdicts: VerdictChange[] = [];
  let folded = begin;
  let tracker: Tracker = restoreTracker(header.activeFindings);
  let open: IncidentState = NO_INCIDENTS;

  function look(nowMs: number): ClusterState {
    const evaluation: Evaluation = evaluate(folded, tracker, { ...options, nowMs });
    tracker = evaluation.tracker;
    const step = stepIncidents(open, lookAt(evaluation));
    open = step.state;
    for (const { incident } of step.actions) {
      incidents.set(incident.id, incident);
    }
    for (const finding of [...evaluation.state.findings, ...evaluation.resolved]) {
      findings.set(finding.id, finding);
    }
    const { verdict, headline, at } = evaluation.state;
    if (nowMs >= header.fromMs && verdicts.at(-1)?.verdict !== verdict) {
      verdicts.push({ at, verdict, headline });
    }
    return { ...evaluation.state, openIncident: findOpen(open)?.id ?? null };
  }

  let dueMs = beganMs + LOOK_EVERY_MS;
  let state: ClusterState | undefined;
  /** Every look up to that moment, and one at the moment whose state is asked for. */
  function lookUntil(untilMs: number): void {
    while (dueMs <= untilMs) {
      if (state === undefined && dueMs > stateAtMs) {
        state = look(stateAtMs);
      }
      look(dueMs);
      dueMs += LOOK_EVERY_MS;
    }
  }

  for (const { atMs, received } of frames) {
    if (atMs > header.toMs) {
      break;
    }
    lookUntil(atMs);
    const before = folded.nodes.get(received.agent.node);
    folded = foldCluster(folded, received);
    const after = folded.nodes.get(received.agent.node);
    for (const note of after === undefined ? [] : noteFrame(before, after, received.frame)) {
      notes.set(note.id, note);
    }
    if (isNews(before, after, received.frame)) {
      dueMs = Math.min(dueMs, atMs + NEWS_AFTER_MS);
    }
  }
  lookUntil(header.toMs - 1);
  const last = look(header.toMs);
  // What the last look saw of those that go on.
  for (const incident of open.incidents) {
    incidents.set(incident.id, incident);
  }
  return { findings, incidents, notes, verdicts, state: state ?? last };
}

/** With the first frame, or, where all that were known then were silent for longer, with the capture. */
function findBegin({ beginMs }: CaptureHeader, { begin, frames }: Recorded): number {
  const firstMs = frames[0]?.atMs;
  if (firstMs === undefined && begin.nodes.size === 0) {
    throw new EtcdscopeError("ARGUMENT_INVALID", "The capture holds no frames");
  }
  const isSilent = begin.nodes.size > 0 && (firstMs === undefined || firstMs - beginMs > LOOK_EVERY_MS);
  return isSilent || firstMs === undefined ? beginMs : firstMs;
}

/** Those of the collector; what this version knows beside them, by default. */
function readThresholds(header: CaptureHeader): Thresholds {
  const known = Object.entries(DEFAULT_THRESHOLDS).map(([name, value]) => [
    name,
    header.thresholds[name] ?? value,
  ]);
  return Object.fromEntries(known) as Thresholds;
}

function sortKey({ since, code, id }: Finding): string {
  return `${since} ${code} ${id}`;
}

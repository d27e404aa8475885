/**
 * Frames → what is in force on a node. Runs for every frame of every agent, so it copies only what the frame touches.
 * A late, back-filled frame proves that the agent is heard and brings the events that it holds; it changes nothing else.
 */
import { equals } from "@bufbuild/protobuf";
import type { Fact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { EventSchema, FactSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Frame, FrameLoss, ReceivedFrame } from "../../shared/frame.ts";
import { HeldRuns } from "./held-runs.ts";
import { HeldSeries } from "./held-series.ts";
import { remember } from "./remember.ts";
import type { ClusterFrames, HeldEvent, HeldFact, NodeState } from "./node-state.ts";

const MAX_EVENTS = 200;
const EVENTS_FOR_MS = 3_600_000;
const MAX_RETIRED = 8;
/** An event that says to come happened when it was seen: its time is from before the node's clock was set back. */
const EVENT_LEAD_MS = 60_000;

/** The cluster with one more frame. */
export function foldCluster(frames: ClusterFrames, received: ReceivedFrame): ClusterFrames {
  const before = frames.nodes.get(received.agent.node);
  const after = fold(before, received);
  return after === before
    ? frames
    : { cluster: frames.cluster, nodes: new Map(frames.nodes).set(after.node, after) };
}

/** Whoever reads it when more frames have been folded in keeps it before they are. */
export function keepCluster({ nodes }: ClusterFrames): void {
  for (const { series, runs } of nodes.values()) {
    series.keep();
    runs.keep();
  }
}

/** The node with one more frame; `before` is undefined for the first of a node. */
export function fold(before: NodeState | undefined, received: ReceivedFrame): NodeState {
  const state = before ?? emptyNode(received);
  const isNewInstance = before !== undefined && received.instanceId !== before.instanceId;
  const isLate = isNewInstance
    ? isOlderInstance(state, received.instanceId)
    : received.frame.sequence <= state.sequence;
  const lastReceivedAtMs = Math.max(state.lastReceivedAtMs, received.receivedAtMs);
  if (isLate) {
    return { ...state, lastReceivedAtMs, events: foldLateEvents(state, received.frame) };
  }
  const { frame } = received;
  const clock = correctClock(isNewInstance ? undefined : before, received);
  const atMs = frame.capturedAtMs - clock.clockOffsetMs;
  const facts = foldFacts(state.facts, frame, atMs);
  const series = foldSeries(state.series, frame, atMs);
  const runs = foldRuns(state.runs, frame, atMs);
  return {
    cluster: received.agent.cluster,
    node: received.agent.node,
    instanceId: received.instanceId,
    instanceSinceMs: isNewInstance ? atMs : state.instanceSinceMs,
    retiredInstanceIds: isNewInstance
      ? [...state.retiredInstanceIds, state.instanceId].slice(-MAX_RETIRED)
      : state.retiredInstanceIds,
    agentVersion: received.agentVersion,
    sequence: frame.sequence,
    atMs,
    lastReceivedAtMs,
    ...clock,
    streamOpen: state.streamOpen,
    droppedTotal: frame.droppedTotal,
    loss: frame.loss && correctLoss(frame.loss, clock.clockOffsetMs),
    waiting: frame.waiting ?? 0,
    waitingSinceMs: frame.waiting === undefined ? undefined : (state.waitingSinceMs ?? atMs),
    facts,
    series,
    runs,
    events: foldEvents(state.events, frame, { atMs, offsetMs: clock.clockOffsetMs }),
    remembered: remember(state.remembered, { frame, facts, series, atMs }),
  };
}

/** The node after its stream opened or closed. */
export function foldStream(state: NodeState, open: boolean): NodeState {
  return { ...state, streamOpen: open };
}

function emptyNode(received: ReceivedFrame): NodeState {
  return {
    cluster: received.agent.cluster,
    node: received.agent.node,
    instanceId: received.instanceId,
    instanceSinceMs: 0,
    retiredInstanceIds: [],
    agentVersion: received.agentVersion,
    sequence: -1n,
    atMs: 0,
    lastReceivedAtMs: received.receivedAtMs,
    clockOffsetMs: 0,
    clockOffsetMeasured: false,
    streamOpen: undefined,
    droppedTotal: 0n,
    loss: undefined,
    waiting: 0,
    waitingSinceMs: undefined,
    facts: new Map(),
    series: new HeldSeries(),
    runs: new HeldRuns(),
    events: [],
    remembered: {
      ownName: "",
      ownId: 0n,
      membership: undefined,
      initialCluster: [],
      electionTimeoutMs: undefined,
    },
  };
}

/** Names that begin with the time of their start, as stream.proto has it; of others only the order of arrival is known. */
const DATED_INSTANCE = /^\d{13}-/;

function isOlderInstance(state: NodeState, instanceId: string): boolean {
  return DATED_INSTANCE.test(instanceId) && DATED_INSTANCE.test(state.instanceId)
    ? instanceId < state.instanceId
    : state.retiredInstanceIds.includes(instanceId);
}

function correctLoss(loss: FrameLoss, offsetMs: number): FrameLoss {
  return { ...loss, fromMs: loss.fromMs - offsetMs, toMs: loss.toMs - offsetMs };
}

/** A measurement is known to half its round trip; a frame that is this much ahead of its own receipt shows an older one. */
const MEASURED_LEAD_MS = 2000;

/**
 * A measurement holds until one of the clocks is set: from then to the next one, frames must not come from the future.
 * Without a measurement, the largest lead of capture over receipt seen is the offset: exact but for the transport's
 * delay when one frame was live, and never so that a frame comes from the future.
 */
function correctClock(
  before: NodeState | undefined,
  received: ReceivedFrame,
): Pick<NodeState, "clockOffsetMs" | "clockOffsetMeasured"> {
  const measured = received.frame.clockOffset;
  const leadMs = received.frame.capturedAtMs - received.receivedAtMs;
  if (measured !== undefined) {
    const offsetMs = measured.offsetUs / 1000;
    return {
      clockOffsetMs: leadMs - offsetMs > MEASURED_LEAD_MS ? leadMs : offsetMs,
      clockOffsetMeasured: true,
    };
  }
  if (before?.clockOffsetMeasured === true) {
    return { clockOffsetMs: before.clockOffsetMs, clockOffsetMeasured: true };
  }
  return {
    clockOffsetMs: before === undefined ? leadMs : Math.max(before.clockOffsetMs, leadMs),
    clockOffsetMeasured: false,
  };
}

/** The same map where a keyframe only says again what is known. */
function foldFacts(before: NodeState["facts"], frame: Frame, atMs: number): NodeState["facts"] {
  if (frame.facts.length === 0 && !frame.keyframe) {
    return before;
  }
  const after = new Map<string, HeldFact>(frame.keyframe ? [] : before);
  let isChanged = false;
  for (const fact of frame.facts) {
    if (fact.removed) {
      isChanged = after.delete(fact.key) || isChanged;
      continue;
    }
    const held = before.get(fact.key);
    if (held !== undefined && (held.fact === fact || equals(FactSchema, held.fact, fact))) {
      after.set(fact.key, held);
    } else {
      isChanged = true;
      const leaderSinceMs = hasSameLeader(held?.fact, fact) ? (held?.leaderSinceMs ?? atMs) : atMs;
      after.set(fact.key, { fact, sinceMs: atMs, leaderSinceMs });
    }
  }
  return isChanged || after.size !== before.size ? after : before;
}

function hasSameLeader(one: Fact | undefined, other: Fact): boolean {
  return (
    one?.body.case === "status" &&
    other.body.case === "status" &&
    one.body.value.leaderId === other.body.value.leaderId &&
    one.body.value.raftTerm === other.body.value.raftTerm
  );
}

function foldSeries(before: NodeState["series"], frame: Frame, atMs: number): NodeState["series"] {
  return frame.samples.length === 0 ? before : before.add(frame.samples, atMs);
}

/** A keyframe repeats the last run of each probe; what is not in it is over. */
function foldRuns(before: NodeState["runs"], frame: Frame, atMs: number): NodeState["runs"] {
  if (frame.keyframe) {
    return before.replace(frame.probeRuns, atMs);
  }
  return frame.probeRuns.length === 0 ? before : before.add(frame.probeRuns, atMs);
}

/** In their place by time; one that is there already came with a frame that was sent twice. */
function foldLateEvents(state: NodeState, frame: Frame): readonly HeldEvent[] {
  const offsetMs = frame.clockOffset === undefined ? state.clockOffsetMs : frame.clockOffset.offsetUs / 1000;
  const added = frame.events
    .map((event) => ({ atMs: timeEvent(event, { atMs: frame.capturedAtMs - offsetMs, offsetMs }), event }))
    .filter(
      ({ atMs, event }) =>
        atMs >= state.atMs - EVENTS_FOR_MS &&
        !state.events.some((held) => equals(EventSchema, held.event, event)),
    );
  return added.length === 0
    ? state.events
    : [...state.events, ...added].sort((one, other) => one.atMs - other.atMs).slice(-MAX_EVENTS);
}

function timeEvent(
  { atUnixMs }: HeldEvent["event"],
  { atMs, offsetMs }: { readonly atMs: number; readonly offsetMs: number },
): number {
  const saidMs = Number(atUnixMs) - offsetMs;
  return saidMs > atMs + EVENT_LEAD_MS ? atMs : saidMs;
}

function foldEvents(
  before: readonly HeldEvent[],
  frame: Frame,
  times: { readonly atMs: number; readonly offsetMs: number },
): readonly HeldEvent[] {
  const oldest = before[0];
  const isDue = oldest !== undefined && oldest.atMs < times.atMs - EVENTS_FOR_MS;
  if (frame.events.length === 0 && !isDue) {
    return before;
  }
  const added = frame.events.map((event) => ({ atMs: timeEvent(event, times), event }));
  return [...before, ...added].filter(({ atMs }) => atMs >= times.atMs - EVENTS_FOR_MS).slice(-MAX_EVENTS);
}

/**
 * The pure core of a stream to one collector: (state, event, now) → (state, actions). stream-client.ts performs the
 * actions; nothing in here touches a socket, a clock or a queue.
 */
import { create } from "@bufbuild/protobuf";
import { backoffDelayMs } from "../../shared/backoff.ts";
import {
  Reason,
  SettingsSchema,
  type ConnectResponse,
  type Pong,
  type Refusal,
  type Settings,
  type Welcome,
} from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { SequenceRange } from "../../shared/sequence-set.ts";
import { estimateOffset, recordRoundTrip } from "./clock-offset.ts";
import {
  INITIAL_SESSION,
  MAX_HOLD_MS,
  SESSION_TIMES,
  WINDOW_FRAMES,
  type ConnectingState,
  type Now,
  type OpenPing,
  type SessionAction,
  type SessionEvent,
  type SessionState,
  type SessionStep,
  type StoppedState,
  type StreamingState,
  type WaitingState,
} from "./session-state.ts";

/** How the session moves. An event that means nothing in a state changes nothing. */
export function stepSession(state: SessionState, event: SessionEvent, now: Now): SessionStep {
  switch (event.kind) {
    case "started":
      return state.kind === "stopped" ? connect(state, now) : stay(state);
    case "stopped":
      return {
        state: INITIAL_SESSION,
        actions: state.kind === "connecting" || state.kind === "streaming" ? [{ kind: "disconnect" }] : [],
      };
    case "ticked":
      return tick(state, now);
    case "reached":
      return stay(state.kind === "connecting" ? { ...state, isReached: true } : state);
    case "sent":
      return state.kind === "streaming" ? stay(countSent(state, event.sequence)) : stay(state);
    case "heard":
      return state.kind === "connecting" || state.kind === "streaming"
        ? hear(state, event.message, now)
        : stay(state);
    case "ended":
      return state.kind === "connecting" || state.kind === "streaming"
        ? fail(state, event.reason, now)
        : stay(state);
  }
}

/** The sequence after which the next frame may be sent, or undefined when none may. */
export function sendAfter(state: SessionState): bigint | undefined {
  return state.kind === "streaming" && state.lastSent - state.acknowledged < WINDOW_FRAMES
    ? state.lastSent
    : undefined;
}

/** How long a frame without news may wait for others. */
export function holdMsOf(state: SessionState): number {
  return state.kind === "streaming" ? state.holdMs : 0;
}

/** When the next tick is due (monotonic), or undefined when none is. */
export function nextTickMs(state: SessionState): number | undefined {
  switch (state.kind) {
    case "stopped":
      return undefined;
    case "waiting":
      return state.untilMs;
    case "connecting":
      return state.sinceMs + connectLimitMs(state);
    case "streaming":
      return state.openPing === undefined
        ? Math.min(pingAtMs(state), state.nextOffsetPingMs)
        : deadAtMs(state, state.openPing);
  }
}

/** After a gap with nothing on its way, the window begins anew: what is not sent here does not fill it. */
function countSent(state: StreamingState, sequence: bigint): StreamingState {
  const isFirst = state.lastSent <= state.acknowledged;
  return { ...state, lastSent: sequence, acknowledged: isFirst ? sequence - 1n : state.acknowledged };
}

function tick(state: SessionState, now: Now): SessionStep {
  switch (state.kind) {
    case "stopped":
      return stay(state);
    case "waiting":
      return now.ms >= state.untilMs ? connect(state, now) : stay(state);
    case "connecting":
      return now.ms >= state.sinceMs + connectLimitMs(state)
        ? fail(state, `No welcome within ${connectLimitMs(state)} ms`, now)
        : stay(state);
    case "streaming":
      return tickStream(state, now);
  }
}

function connectLimitMs({ isReached, attempt }: ConnectingState): number {
  const { connectLimitMs: limitMs, connectLimitMaxMs } = SESSION_TIMES;
  return isReached ? Math.min(limitMs * 2 ** Math.min(attempt, 30), connectLimitMaxMs) : limitMs;
}

function tickStream(state: StreamingState, now: Now): SessionStep {
  if (state.openPing !== undefined) {
    return now.ms >= deadAtMs(state, state.openPing)
      ? replace(state, `Nothing heard for ${deadAfterMs(state)} ms`, now)
      : stay(state);
  }
  const isSilent = now.ms >= pingAtMs(state);
  return isSilent || now.ms >= state.nextOffsetPingMs ? ping(state, now) : stay(state);
}

function pingAtMs({ lastHeardMs, holdMs }: StreamingState): number {
  return lastHeardMs + SESSION_TIMES.pingAfterSilenceMs + holdMs;
}

function deadAfterMs({ holdMs }: StreamingState): number {
  return Math.min(SESSION_TIMES.deadAfterSilenceMs + holdMs, SESSION_TIMES.deadAtTheLatestMs);
}

function deadAtMs(state: StreamingState, openPing: OpenPing): number {
  return Math.max(state.lastHeardMs + deadAfterMs(state), openPing.sentAtMs + SESSION_TIMES.pingAnswerMs);
}

function hear(state: ConnectingState | StreamingState, message: ConnectResponse, now: Now): SessionStep {
  const { message: body } = message;
  if (body.case === "refusal") {
    return refused(state, body.value, now);
  }
  if (state.kind === "connecting") {
    return body.case === "welcome" ? welcomed(body.value, now) : stay(state);
  }
  const heard: StreamingState = { ...state, lastHeardMs: now.ms };
  switch (body.case) {
    case "ack": {
      // what was never sent cannot have been made durable
      const sequence = body.value.sequence < heard.lastSent ? body.value.sequence : heard.lastSent;
      return sequence > heard.acknowledged
        ? { state: { ...heard, acknowledged: sequence }, actions: [{ kind: "acknowledge", sequence }] }
        : stay(heard);
    }
    case "pong":
      return ponged(heard, body.value, now);
    case "settings":
      return {
        state: { ...heard, holdMs: holdOf(body.value) },
        actions: [{ kind: "settings", settings: body.value }],
      };
    case "welcome":
    case undefined:
      // a second Welcome, or what a newer collector says: skipped
      return stay(heard);
  }
}

function welcomed(welcome: Welcome, now: Now): SessionStep {
  const streaming: StreamingState = {
    kind: "streaming",
    attempt: 0,
    reportedFailure: undefined,
    lastHeardMs: now.ms,
    lastSent: welcome.resumeAfter,
    acknowledged: welcome.resumeAfter,
    lastPingId: 0n,
    openPing: undefined,
    nextOffsetPingMs: now.ms,
    offsets: [],
    holdMs: welcome.settings === undefined ? 0 : holdOf(welcome.settings),
  };
  const first = ping(streaming, now);
  return {
    state: first.state,
    actions: [
      {
        kind: "welcomed",
        held: listHeld(welcome),
        takesKept: welcome.backFill,
        takesBatches: welcome.frameBatches,
        collectorVersion: welcome.collectorVersion,
      },
      { kind: "settings", settings: welcome.settings ?? create(SettingsSchema) },
      ...first.actions,
    ],
  };
}

function holdOf({ holdFramesMs }: Settings): number {
  return Math.min(holdFramesMs, MAX_HOLD_MS);
}

function listHeld({ resumeAfter, held }: Welcome): readonly SequenceRange[] {
  const beyond = held.map(({ first, last }) => ({ first, last }));
  return resumeAfter > 0n ? [{ first: 1n, last: resumeAfter }, ...beyond] : beyond;
}

function ping(state: StreamingState, now: Now): SessionStep {
  const id = state.lastPingId + 1n;
  return {
    state: { ...state, lastPingId: id, openPing: { id, sentAtMs: now.ms, sentAtUnixMs: now.unixMs } },
    actions: [{ kind: "ping", id, sentAtUnixMs: now.unixMs }],
  };
}

function ponged(state: StreamingState, pong: Pong, now: Now): SessionStep {
  const { openPing } = state;
  if (openPing === undefined || pong.id !== openPing.id) {
    return stay(state);
  }
  const offsets = recordRoundTrip(state.offsets, {
    sentAtUnixUs: openPing.sentAtUnixMs * 1000,
    roundTripUs: (now.ms - openPing.sentAtMs) * 1000,
    receivedAtUnixUs: Number(pong.receivedAtUnixUs),
  });
  const isSteady = offsets.length >= SESSION_TIMES.offsetsBeforeSteady;
  const nextOffsetPingMs = now.ms + (isSteady ? SESSION_TIMES.offsetSteadyMs : SESSION_TIMES.offsetFirstMs);
  const offset = estimateOffset(offsets);
  return {
    state: { ...state, offsets, openPing: undefined, nextOffsetPingMs },
    actions: offset === undefined ? [] : [{ kind: "clockOffset", offset }],
  };
}

function refused(state: ConnectingState | StreamingState, refusal: Refusal, now: Now): SessionStep {
  // a collector that stops or is busy says so as a courtesy; the rest needs a hand
  const delayMs = refusal.retryable
    ? Math.min(
        Math.max(
          // not all at once
          Math.round(refusal.retryAfterMs * (1 + now.random / 2)),
          backoffDelayMs(state.attempt, SESSION_TIMES.backoff, now.random),
        ),
        SESSION_TIMES.refusedRetryMs,
      )
    : SESSION_TIMES.refusedRetryMs;
  const reason = Reason[refusal.reason] ?? String(refusal.reason);
  const text = refusal.text === "" ? reason : refusal.text;
  return wait(state, {
    untilMs: now.ms + delayMs,
    failure: `${reason}: ${text}`,
    report: { kind: "reportRefusal", reason, text, retryInMs: delayMs },
  });
}

function fail(state: ConnectingState | StreamingState, text: string, now: Now): SessionStep {
  return wait(state, {
    untilMs: now.ms + backoffDelayMs(state.attempt, SESSION_TIMES.backoff, now.random),
    failure: text,
    report: { kind: "reportFailure", text },
  });
}

/** The silence was wait enough. */
function replace(state: StreamingState, text: string, now: Now): SessionStep {
  return wait(state, { untilMs: now.ms, failure: text, report: { kind: "reportFailure", text } });
}

interface Pause {
  readonly untilMs: number;
  readonly failure: string;
  readonly report: SessionAction;
}

function wait(state: ConnectingState | StreamingState, pause: Pause): SessionStep {
  const isNew = pause.failure !== state.reportedFailure;
  return {
    state: {
      kind: "waiting",
      attempt: state.attempt + 1,
      reportedFailure: pause.failure,
      untilMs: pause.untilMs,
    },
    actions: isNew ? [{ kind: "disconnect" }, pause.report] : [{ kind: "disconnect" }],
  };
}

function connect(state: StoppedState | WaitingState, now: Now): SessionStep {
  const { attempt, reportedFailure } = state;
  return {
    state: { kind: "connecting", attempt, reportedFailure, sinceMs: now.ms, isReached: false },
    actions: [{ kind: "connect" }],
  };
}

function stay(state: SessionState): SessionStep {
  return { state, actions: [] };
}

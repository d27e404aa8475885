/** Keeps a stream to one collector alive: performs what the pure session decides, and feeds it with what happens. */
import { create } from "@bufbuild/protobuf";
import type { Clock, Timer } from "../../shared/clock.ts";
import type { ClockOffset } from "../../shared/frame.ts";
import {
  ConnectRequestSchema,
  HelloSchema,
  PingSchema,
  type Hello,
  type Settings,
} from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { Logger } from "../../shared/log-line.ts";
import type { TlsPaths } from "../config.ts";
import { createFrameBytes } from "../spool/frame-bytes.ts";
import type { FrameSource, Outgoing } from "../spool/frame-queue.ts";
import { openConnection, type Connection } from "./connection.ts";
import { createFrameHold } from "./frame-hold.ts";
import { holdMsOf, nextTickMs, sendAfter, stepSession } from "./session.ts";
import {
  INITIAL_SESSION,
  type Now,
  type SessionAction,
  type SessionEvent,
  type SessionState,
} from "./session-state.ts";
import { wrapFrames } from "./wrap-frames.ts";

/** What goes into one message, at most, of what is ready. */
const BATCH = { frames: 64, bytes: 64 * 1024 } as const;

/** Who the agent says it is, and which of its runs the frames are from. */
export type HelloIdentity = Pick<Hello, "cluster" | "node" | "agentVersion" | "bootId" | "instanceId">;

export interface StreamClientOptions {
  /** host:port */
  readonly collector: string;
  readonly tls: TlsPaths;
  readonly hello: HelloIdentity;
  /** This stream carries what was kept, beside the one that carries what is new. */
  readonly isForKept: boolean;
  readonly queue: FrameSource;
  readonly clock: Clock;
  readonly log: Logger;
  /** The collector welcomed a new stream. */
  readonly onStreamOpen: (welcomed: { readonly takesKept: boolean }) => void;
  /** A stream that was welcomed, or was to be, is gone. */
  readonly onStreamClosed: () => void;
  readonly onSettings: (settings: Settings) => void;
  readonly onClockOffset: (offset: ClockOffset) => void;
  /** In [0, 1); for the jitter. */
  readonly random?: () => number;
}

export interface StreamClientStatus {
  readonly state: SessionState["kind"];
  readonly framesSentTotal: number;
  /** Welcomed streams since the start. */
  readonly streamsTotal: number;
  /** Parts of frames that were not sent because they break a limit of the wire. */
  readonly leftOutTotal: number;
  /** The socket takes no more for now. */
  readonly isBlocked: boolean;
}

export interface StreamClient {
  start(): void;
  /** Closes the stream at once; frames not acknowledged stay in the queue. */
  stop(): void;
  /** The queue has grown. `nextInMs`: by a frame without news, which may wait for the next one, that comes in so long. */
  notify(nextInMs?: number): void;
  status(): StreamClientStatus;
}

export function createStreamClient(options: StreamClientOptions): StreamClient {
  const { clock, queue } = options;
  const log = options.log.child({ collector: options.collector });
  const random = options.random ?? Math.random;
  const hold = createFrameHold();
  let state: SessionState = INITIAL_SESSION;
  let connection: Connection | undefined;
  let encoder = createFrameBytes(options.log);
  let isBlocked = false;
  let takesBatches = false;
  let timer: Timer | undefined;
  let timerAtMs = Number.POSITIVE_INFINITY;
  let framesSent = 0;
  let streams = 0;
  let leftOut = 0;

  function now(): Now {
    return { ms: clock.monotonicUs() / 1000, unixMs: clock.nowMs(), random: random() };
  }

  function handle(event: SessionEvent): void {
    const step = stepSession(state, event, now());
    state = step.state;
    for (const action of step.actions) {
      perform(action);
    }
    schedule();
  }

  /** A timer that fires early only ticks; so it is replaced only by an earlier one. */
  function schedule(): void {
    const dueMs = nextTickMs(state);
    if (dueMs === undefined) {
      timer?.cancel();
      timer = undefined;
      timerAtMs = Number.POSITIVE_INFINITY;
      return;
    }
    if (dueMs >= timerAtMs) {
      return;
    }
    timer?.cancel();
    timerAtMs = dueMs;
    timer = clock.after(Math.max(1, Math.ceil(dueMs - clock.monotonicUs() / 1000)), () => {
      timer = undefined;
      timerAtMs = Number.POSITIVE_INFINITY;
      handle({ kind: "ticked" });
    });
  }

  function perform(action: SessionAction): void {
    switch (action.kind) {
      case "connect":
        connect();
        return;
      case "disconnect":
        connection?.close();
        connection = undefined;
        isBlocked = false;
        takesBatches = false;
        leftOut += encoder.leftOutTotal();
        encoder = createFrameBytes(log);
        queue.release();
        options.onStreamClosed();
        return;
      case "welcomed":
        streams += 1;
        ({ takesBatches } = action);
        queue.welcome(action.held);
        log.info(
          {
            held: action.held.map(({ first, last }) => `${first}-${last}`).slice(-3),
            collectorVersion: action.collectorVersion,
          },
          options.isForKept
            ? "Stream of kept frames to the collector is open."
            : "Stream to the collector is open.",
        );
        options.onStreamOpen(action);
        pump();
        return;
      case "acknowledge":
        queue.acknowledge(action.sequence);
        // what was held back by a full window; what waits for others goes on waiting
        if (!hold.isHolding()) {
          pump();
        }
        return;
      case "settings":
        options.onSettings(action.settings);
        if (holdMsOf(state) === 0) {
          pump();
        }
        return;
      case "ping":
        sendPing(action.id, action.sentAtUnixMs);
        return;
      case "clockOffset":
        options.onClockOffset(action.offset);
        return;
      case "reportRefusal": {
        const { reason, text, retryInMs } = action;
        log.warn({ reason, text, retryInMs }, "Collector refused the stream.");
        return;
      }
      case "reportFailure":
        log.warn({ error: action.text }, "Stream to the collector failed; trying again until it works.");
        return;
    }
  }

  function connect(): void {
    const opened = openConnection(options, {
      onReached: () => opened === connection && handle({ kind: "reached" }),
      onMessage: (message) => opened === connection && handle({ kind: "heard", message }),
      onDrained: () => {
        if (opened === connection) {
          isBlocked = false;
          pump();
        }
      },
      onEnded: (reason) => opened === connection && handle({ kind: "ended", reason }),
    });
    connection = opened;
    const hello = create(HelloSchema, {
      ...options.hello,
      firstSequence: queue.firstSequence(),
      lastSequence: queue.lastSequence(),
      backFill: options.isForKept,
    });
    opened.write(create(ConnectRequestSchema, { message: { case: "hello", value: hello } }));
  }

  function sendPing(id: bigint, sentAtUnixMs: number): void {
    const value = create(PingSchema, { id, sentAtUnixUs: BigInt(Math.round(sentAtUnixMs)) * 1000n });
    connection?.write(create(ConnectRequestSchema, { message: { case: "ping", value } }));
  }

  /** Sends what may be sent: until the queue, the window or the socket's buffer ends it. */
  function pump(): void {
    hold.release();
    let batch: Uint8Array[] = [];
    let batchBytes = 0;
    function send(): void {
      if (batch.length > 0 && connection !== undefined) {
        isBlocked = !connection.writeBytes(wrapFrames(batch));
        framesSent += batch.length;
      }
      batch = [];
      batchBytes = 0;
    }
    while (connection !== undefined && !isBlocked) {
      const after = sendAfter(state);
      const outgoing = after === undefined ? undefined : queue.next(after);
      if (outgoing === undefined) {
        break;
      }
      const { bytes } = outgoing.kind === "bytes" ? outgoing : encoder.encode(outgoing.frame);
      if (batchBytes + bytes.length > BATCH.bytes) {
        send();
      }
      batch.push(bytes);
      batchBytes += bytes.length;
      state = stepSession(state, { kind: "sent", sequence: sequenceOf(outgoing) }, now()).state;
      if (batch.length >= (takesBatches ? BATCH.frames : 1)) {
        send();
      }
    }
    send();
  }

  return {
    start: () => handle({ kind: "started" }),
    stop: () => handle({ kind: "stopped" }),
    notify: (nextInMs) => {
      const holdMs = takesBatches ? holdMsOf(state) : 0;
      if (nextInMs === undefined || !hold.mayWait(clock.monotonicUs() / 1000, { holdMs, nextInMs })) {
        pump();
      }
    },
    status: () => ({
      state: state.kind,
      framesSentTotal: framesSent,
      streamsTotal: streams,
      leftOutTotal: leftOut + encoder.leftOutTotal(),
      isBlocked,
    }),
  };
}

function sequenceOf(outgoing: Outgoing): bigint {
  return outgoing.kind === "bytes" ? outgoing.sequence : outgoing.frame.sequence;
}

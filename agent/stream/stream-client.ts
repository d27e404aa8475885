/** Keeps a stream to one collector alive: performs what the pure session decides, and feeds it with what happens. */
import { create } from "@bufbuild/protobuf";
import type { Clock, Timer } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { ClockOffset, Frame } from "../../shared/frame.ts";
import { createFrameEncoder } from "../../shared/frame-codec.ts";
import {
  ConnectRequestSchema,
  HelloSchema,
  PingSchema,
  type Frame as WireFrame,
  type Settings,
} from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { encodeMessage } from "../../shared/grpc.ts";
import { checkFrame } from "../../shared/limits.ts";
import type { Logger } from "../../shared/log-line.ts";
import type { TlsPaths } from "../config.ts";
import { openConnection, type Connection } from "./connection.ts";
import { fitFrame } from "./fit-frame.ts";
import type { FrameSource } from "./frame-source.ts";
import { nextTickMs, sendAfter, stepSession } from "./session.ts";
import {
  INITIAL_SESSION,
  type Now,
  type SessionAction,
  type SessionEvent,
  type SessionState,
} from "./session-state.ts";

/** Who the agent says it is. */
export interface HelloIdentity {
  readonly cluster: string;
  readonly node: string;
  readonly agentVersion: string;
  readonly bootId: string;
  readonly instanceId: string;
}

export interface StreamClientOptions {
  /** host:port */
  readonly collector: string;
  readonly tls: TlsPaths;
  readonly hello: HelloIdentity;
  readonly queue: FrameSource;
  readonly clock: Clock;
  readonly log: Logger;
  /** The collector welcomed a new stream: the agent answers with a keyframe. */
  readonly onStreamOpen: () => void;
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
}

export interface StreamClient {
  start(): void;
  /** Closes the stream at once; frames not acknowledged stay in the queue. */
  stop(): void;
  /** The queue has grown. */
  notify(): void;
  status(): StreamClientStatus;
}

export function createStreamClient(options: StreamClientOptions): StreamClient {
  const { clock, queue } = options;
  const log = options.log.child({ collector: options.collector });
  const random = options.random ?? Math.random;
  let state: SessionState = INITIAL_SESSION;
  let connection: Connection | undefined;
  let encoder = createFrameEncoder();
  let isBlocked = false;
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
        return;
      case "welcomed":
        streams += 1;
        queue.acknowledge(action.resumeAfter);
        log.info(
          { resumeAfter: String(action.resumeAfter), collectorVersion: action.collectorVersion },
          "Stream to the collector is open.",
        );
        options.onStreamOpen();
        pump();
        return;
      case "acknowledge":
        queue.acknowledge(action.sequence);
        pump();
        return;
      case "settings":
        options.onSettings(action.settings);
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
    encoder = createFrameEncoder();
    isBlocked = false;
    const opened = openConnection(options, {
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
    });
    opened.write(create(ConnectRequestSchema, { message: { case: "hello", value: hello } }));
  }

  function sendPing(id: bigint, sentAtUnixMs: number): void {
    const value = create(PingSchema, { id, sentAtUnixUs: BigInt(Math.round(sentAtUnixMs)) * 1000n });
    connection?.write(create(ConnectRequestSchema, { message: { case: "ping", value } }));
  }

  /** Sends what may be sent: until the queue, the window or the socket's buffer ends it. */
  function pump(): void {
    while (connection !== undefined && !isBlocked) {
      const after = sendAfter(state);
      const frame = after === undefined ? undefined : queue.next(after);
      if (frame === undefined) {
        return;
      }
      const bytes = encodeFrame(frame);
      if (bytes !== undefined) {
        isBlocked = !connection.writeBytes(bytes);
        framesSent += 1;
      }
      state = stepSession(state, { kind: "sent", sequence: frame.sequence }, now()).state;
    }
  }

  /** undefined for a frame that cannot be sent at all, which is counted and passed over. */
  function encodeFrame(frame: Frame): Uint8Array | undefined {
    const leftOutBefore = encoder.leftOutTotal();
    const wire = encoder.encode(frame);
    leftOut += encoder.leftOutTotal() - leftOutBefore;
    try {
      const bytes = envelope(wire);
      if (checkFrame(wire, bytes.length) === undefined) {
        return bytes;
      }
    } catch (error) {
      if (EtcdscopeError.from(error).code !== "LIMIT_EXCEEDED") {
        throw error;
      }
    }
    return encodeCut(wire);
  }

  function encodeCut(wire: WireFrame): Uint8Array | undefined {
    const cut = fitFrame(wire);
    leftOut += cut.leftOut;
    log.warn(
      { sequence: String(wire.sequence), leftOut: cut.leftOut },
      "Frame was cut to the limits of the wire.",
    );
    try {
      return envelope(cut.frame);
    } catch (error) {
      log.error({ error, sequence: String(wire.sequence) }, "Frame cannot be sent and is passed over.");
      return undefined;
    }
  }

  return {
    start: () => handle({ kind: "started" }),
    stop: () => handle({ kind: "stopped" }),
    notify: pump,
    status: () => ({
      state: state.kind,
      framesSentTotal: framesSent,
      streamsTotal: streams,
      leftOutTotal: leftOut,
    }),
  };
}

function envelope(frame: WireFrame): Uint8Array {
  return encodeMessage(
    ConnectRequestSchema,
    create(ConnectRequestSchema, { message: { case: "frame", value: frame } }),
  );
}

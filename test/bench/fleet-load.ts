/**
 * Thousands of agents from one process: each its own mutual-TLS connection and stream, one frame a second, held as long as the
 * collector asks for, and pings when an agent's session sends them. On bare HTTP/2 with frames encoded beforehand, so that the load costs less than what it is put on.
 */
import { fromBinary, toBinary, create } from "@bufbuild/protobuf";
import { readFileSync } from "node:fs";
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import { createFrameHold } from "../../agent/stream/frame-hold.ts";
import { SESSION_TIMES } from "../../agent/stream/session-state.ts";
import { wrapFrames } from "../../agent/stream/wrap-frames.ts";
import { systemClock } from "../../shared/clock.ts";
import {
  ConnectRequestSchema,
  ConnectResponseSchema,
  HelloSchema,
  PingSchema,
} from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { LoadAgent } from "./agent-load.ts";
import type { FrameTemplates } from "./real-frames.ts";

const FRAME_EVERY_MS = 1000;
const PATH = "/etcdscope.v1.CollectorService/Connect";
/** A gRPC message's head: a byte for compression, four for the length. */
const HEAD_BYTES = 5;

export interface FleetAgent extends LoadAgent {
  readonly templates: FrameTemplates;
}

export interface FleetCounts {
  readonly pings: number;
  readonly sent: number;
  readonly acknowledged: number;
  /** Captured. */
  readonly samples: number;
  /** From send to acknowledgement, of the frames acknowledged since the last look. */
  readonly ackMs: readonly number[];
}

export interface FleetLoad {
  /** Resolves when every agent is welcome. */
  connectAll(atOnce: number): Promise<void>;
  /** Totals, but for ackMs. */
  look(): FleetCounts;
  /** No more frames; what is under way is waited for elsewhere. */
  stopSending(): void;
  problems(): readonly string[];
  close(): void;
}

export function createFleetLoad(agents: readonly FleetAgent[], port: number): FleetLoad {
  const problems: string[] = [];
  const sessions: ClientHttp2Session[] = [];
  let isSending = true;
  let isClosed = false;
  let sent = 0;
  let acknowledged = 0;
  let samples = 0;
  let pings = 0;
  let ackMs: number[] = [];

  function open(agent: FleetAgent, index: number): Promise<void> {
    const { cluster, node, tls } = agent;
    const name = `${cluster}/${node}`;
    return new Promise((resolve, fail) => {
      const session = connect(`https://127.0.0.1:${port}`, {
        ca: readFileSync(tls.ca),
        cert: readFileSync(tls.cert),
        key: readFileSync(tls.key),
      });
      sessions.push(session);
      session.on("error", (error) => end(`${name}: ${error.message}`));
      const stream = session.request(
        { ":method": "POST", ":path": PATH, "content-type": "application/grpc", te: "trailers" },
        { endStream: false },
      );
      stream.on("error", (error) => end(`${name}: ${error.message}`));
      stream.on("close", () => end(`${name}: closed`));
      function end(problem: string): void {
        if (!isClosed) {
          problems.push(problem);
          fail(new Error(problem));
        }
      }
      const hello = create(HelloSchema, {
        cluster,
        node,
        agentVersion: "0.1.0",
        bootId: "bench",
        instanceId: `bench-${name}`,
        firstSequence: 1n,
        lastSequence: 1n,
      });
      const request = create(ConnectRequestSchema, { message: { case: "hello", value: hello } });
      stream.write(frameMessage(toBinary(ConnectRequestSchema, request)));
      follow(stream, agent, { index, onWelcome: resolve, onRefused: end });
    });
  }

  function follow(
    stream: ClientHttp2Stream,
    { templates }: FleetAgent,
    on: { readonly index: number; readonly onWelcome: () => void; readonly onRefused: (why: string) => void },
  ): void {
    let sequence = 0;
    let last = 0;
    let holdMs = 0;
    let held: Uint8Array[] = [];
    const hold = createFrameHold();
    const sentMs: number[] = [];
    let heardMs = 0;
    let pinged = 0n;
    let answered = 0n;
    let nextOffsetPingMs = 0;

    /** Looked at with each frame, as the agent's session does it by a timer: what is overdue, or the offset's turn. */
    function pingWhenDue(nowMs: number): void {
      const isSilent = nowMs - heardMs >= SESSION_TIMES.pingAfterSilenceMs + holdMs;
      if (pinged === answered && (isSilent || nowMs >= nextOffsetPingMs)) {
        pinged += 1n;
        pings += 1;
        const sentAtUnixUs = BigInt(Math.round(systemClock.nowMs() * 1000));
        const value = create(PingSchema, { id: pinged, sentAtUnixUs });
        const request = create(ConnectRequestSchema, { message: { case: "ping", value } });
        stream.write(frameMessage(toBinary(ConnectRequestSchema, request)));
      }
    }

    function hearPong(id: bigint): void {
      answered = id;
      const isSteady = answered >= SESSION_TIMES.offsetsBeforeSteady;
      nextOffsetPingMs =
        performance.now() + (isSteady ? SESSION_TIMES.offsetSteadyMs : SESSION_TIMES.offsetFirstMs);
    }

    function capture(): void {
      if (!isSending || stream.destroyed) {
        return;
      }
      sequence += 1;
      // the first one defines every series and holds every fact; then each agent is elsewhere
      const place = sequence === 1 ? 0 : on.index + sequence;
      const nowMs = performance.now();
      held.push(templates.frame(place, sequence, systemClock.nowMs()));
      samples += templates.samples(place);
      const isUrgent = sequence === 1 || templates.isUrgent(place);
      if (!hold.mayWait(nowMs, { holdMs: isUrgent ? 0 : holdMs, nextInMs: FRAME_EVERY_MS })) {
        send(nowMs);
      }
      pingWhenDue(nowMs);
    }

    function send(nowMs: number): void {
      sentMs.push(...held.map(() => nowMs));
      sent += held.length;
      stream.write(frameMessage(wrapFrames(held)));
      held = [];
      hold.release();
    }

    readMessages(stream, (bytes) => {
      const { message } = fromBinary(ConnectResponseSchema, bytes);
      heardMs = performance.now();
      if (message.case === "pong") {
        hearPong(message.value.id);
      } else if (message.case === "welcome") {
        holdMs = message.value.settings?.holdFramesMs ?? 0;
        on.onWelcome();
        capture();
        setTimeout(() => setInterval(capture, FRAME_EVERY_MS).unref(), Math.random() * FRAME_EVERY_MS);
      } else if (message.case === "settings") {
        holdMs = message.value.holdFramesMs;
      } else if (message.case === "ack") {
        const nowMs = performance.now();
        for (; last < Number(message.value.sequence); last += 1) {
          ackMs.push(nowMs - (sentMs.shift() ?? nowMs));
          acknowledged += 1;
        }
      } else if (message.case === "refusal") {
        on.onRefused(`refused: ${message.value.text}`);
      }
    });
  }

  async function connectAll(atOnce: number): Promise<void> {
    let next = 0;
    async function connectSome(): Promise<void> {
      for (let index = next++; index < agents.length; index = next++) {
        const agent = agents[index];
        if (agent !== undefined) {
          await open(agent, index);
        }
      }
    }
    await Promise.all(Array.from({ length: atOnce }, connectSome));
  }

  return {
    connectAll,
    look: () => {
      const counts = { sent, acknowledged, samples, pings, ackMs };
      ackMs = [];
      return counts;
    },
    stopSending: () => {
      isSending = false;
    },
    problems: () => problems,
    close: () => {
      isClosed = true;
      sessions.forEach((session) => session.destroy());
    },
  };
}

function frameMessage(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** Each whole message of a stream, however it was cut. */
function readMessages(stream: ClientHttp2Stream, onMessage: (bytes: Uint8Array) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  stream.on("data", (chunk: Buffer) => {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (bytes.length >= HEAD_BYTES && bytes.length >= HEAD_BYTES + bytes.readUInt32BE(1)) {
      const end = HEAD_BYTES + bytes.readUInt32BE(1);
      onMessage(bytes.subarray(HEAD_BYTES, end));
      bytes = bytes.subarray(end);
    }
    rest = bytes;
  });
}

import { readFileSync } from "node:fs";
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import { setImmediate as nextTurn } from "node:timers/promises";
import { create, fromBinary } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { frameMessage, MessageCutter } from "../../../agent/stream/message-frames.ts";
import { LISTENER_LIMITS } from "../../../collector/ingest/listener.ts";
import {
  ConnectResponseSchema,
  HelloSchema,
  PingSchema,
} from "../../../shared/gen/etcdscope/v1/stream_pb.js";
import { createManualClock, type ManualClock } from "../../agent/manual-clock.ts";
import { bytesOf } from "../../security/raw-stream.ts";
import { createHarness, createMemoryStore, type Harness } from "./harness.ts";
import { agentName } from "./test-pki.ts";
import { waitFor } from "./wait-for.ts";

let clock: ManualClock;
let harness: Harness;
let session: ClientHttp2Session;

interface OpenStream {
  readonly stream: ClientHttp2Stream;
  /** Kinds of what the collector said. */
  readonly answers: string[];
}

beforeEach(async () => {
  clock = createManualClock();
  harness = await createHarness(createMemoryStore(), undefined, clock);
  const files = await harness.issue({ name: "m1", names: agentName("prod-a", "m1") });
  session = connect(`https://127.0.0.1:${harness.port}`, {
    ca: readFileSync(files.ca),
    cert: readFileSync(files.cert),
    key: readFileSync(files.key),
  });
  session.on("error", () => undefined);
});

afterEach(async () => {
  session.destroy();
  await waitFor("the connection's end", () => harness.ingest.counters.connections === 0);
  let isStopped = false;
  const stopping = harness.stop().finally(() => {
    isStopped = true;
  });
  // a stop gives refusals a moment to leave
  while (!isStopped) {
    await clock.advance(100);
    await nextTurn();
  }
  await stopping;
});

async function openStream(instanceId: string): Promise<OpenStream> {
  const stream = session.request(
    {
      ":method": "POST",
      ":path": "/etcdscope.v1.CollectorService/Connect",
      "content-type": "application/grpc",
      te: "trailers",
    },
    { endStream: false },
  );
  stream.on("error", () => undefined);
  const answers: string[] = [];
  const cutter = new MessageCutter();
  stream.on("data", (chunk: Buffer) => {
    for (const bytes of cutter.cut(chunk)) {
      answers.push(String(fromBinary(ConnectResponseSchema, bytes).message.case));
    }
  });
  const value = create(HelloSchema, { cluster: "prod-a", node: "m1", instanceId, agentVersion: "0.1.0" });
  stream.write(frameMessage(bytesOf({ case: "hello", value })));
  await waitFor("the welcome", () => answers.includes("welcome"));
  return { stream, answers };
}

describe("collector/ingest/listener", () => {
  it("ends a connection whose stream is over, though its peer leaves it open", async () => {
    const { stream } = await openStream("run-1");
    await clock.advance(2 * LISTENER_LIMITS.withoutStreamMs);
    expect(harness.ingest.counters.connections).toBe(1);
    stream.end();
    await waitFor("the stream's end", () => harness.ingest.counters.streams === 0);
    await clock.advance(LISTENER_LIMITS.withoutStreamMs - 1);
    expect(session.destroyed).toBe(false);
    await clock.advance(1);
    await waitFor("the connection's end", () => session.destroyed);
    await waitFor("its place", () => harness.ingest.counters.connections === 0);
  });

  it("leaves a connection alone on which another stream goes on", async () => {
    const first = await openStream("run-1");
    const second = await openStream("run-2");
    await waitFor("the first one's refusal", () => first.answers.includes("refusal"));
    await clock.advance(2 * LISTENER_LIMITS.withoutStreamMs);
    second.stream.write(frameMessage(bytesOf({ case: "ping", value: create(PingSchema, { id: 1n }) })));
    await waitFor("an answer", () => second.answers.includes("pong"));
    expect(harness.ingest.counters.connections).toBe(1);
  });

  it("gives a connection that was without a stream its time anew when the next one is over", async () => {
    const first = await openStream("run-1");
    first.stream.end();
    await waitFor("the stream's end", () => harness.ingest.counters.streams === 0);
    await clock.advance(LISTENER_LIMITS.withoutStreamMs - 1);
    const second = await openStream("run-2");
    await clock.advance(2 * LISTENER_LIMITS.withoutStreamMs);
    expect(session.destroyed).toBe(false);
    second.stream.end();
    await waitFor("the second one's end", () => harness.ingest.counters.streams === 0);
    await clock.advance(LISTENER_LIMITS.withoutStreamMs - 1);
    expect(session.destroyed).toBe(false);
    await clock.advance(1);
    await waitFor("the connection's end", () => session.destroyed);
  });
});

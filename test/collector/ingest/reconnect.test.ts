import { Client } from "@grpc/grpc-js";
import { create, toBinary } from "@bufbuild/protobuf";
import { readFileSync } from "node:fs";
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createHistory, type History } from "../../../collector/history/history.ts";
import { systemClock } from "../../../shared/clock.ts";
import {
  CollectorService,
  ConnectRequestSchema,
  ConnectResponseSchema,
} from "../../../shared/gen/etcdscope/v1/stream_pb.js";
import { decodeMessage, methodDefinition } from "../../../shared/grpc.ts";
import { clientTls } from "../../lab/grpc-client-tls.ts";
import { createHarness, createMemoryStore, type Harness } from "./harness.ts";
import { createTestLog } from "./test-frames.ts";
import { agentName } from "./test-pki.ts";
import { waitFor } from "./wait-for.ts";

let harness: Harness;
let history: History | undefined;
const cleanups: (() => void)[] = [];

afterEach(async () => {
  cleanups.splice(0).forEach((cleanup) => cleanup());
  await harness.stop();
  await history?.close();
  history = undefined;
});

/** A TCP proxy whose connections can be cut, or swallow everything without a word. */
async function createProxy(toPort: number) {
  const pairs = new Set<readonly [Socket, Socket]>();
  let connections = 0;
  const server = createServer((near) => {
    connections += 1;
    const far = connectTcp(toPort, "127.0.0.1");
    const pair = [near, far] as const;
    pairs.add(pair);
    near.pipe(far).pipe(near);
    near.on("error", () => undefined).on("close", () => far.destroy());
    far.on("error", () => undefined).on("close", () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy = {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    cut: () => pairs.forEach(([near]) => near.destroy()),
    swallow: () =>
      pairs.forEach(([near, far]) => {
        near.unpipe(far);
        far.unpipe(near);
        near.resume();
        far.resume();
      }),
    close: () => {
      server.close();
      proxy.cut();
    },
  };
  cleanups.push(proxy.close);
  return proxy;
}

describe("collector/ingest/ingest", () => {
  it(
    "has every frame exactly once in the real history after connections were cut again and again",
    { timeout: 60_000 },
    async () => {
      const store: { target: History | undefined } = { target: undefined };
      harness = await createHarness({
        encode: (received, lane) => store.target!.encode(received, lane),
        append: (frames) => store.target!.append(frames),
        heldSequences: (agent, instanceId) => store.target!.heldSequences(agent, instanceId),
      });
      history = createHistory({
        path: join(harness.folder, "history.db"),
        rawMs: 1e13,
        maxBytes: 1e9,
        clock: systemClock,
        log: createTestLog(),
      });
      store.target = history;
      await history.start();
      const proxy = await createProxy(harness.port);
      const agent = await harness.agent({ node: "m1", port: proxy.port });
      for (let round = 0; round < 4; round += 1) {
        agent.push(100);
        await waitFor("some frames", () => harness.live.length > round * 100);
        proxy.cut();
      }
      await waitFor("an empty queue", () => agent.queue.size() === 0, 30_000);
      expect(agent.client.status().streamsTotal).toBeGreaterThan(1);
      const frames = await history.framesSince(0);
      expect(frames.map((one) => one.frame.sequence)).toEqual(
        Array.from({ length: 400 }, (_, i) => BigInt(i + 1)),
      );
    },
  );

  it.each([0, 2000])(
    "notices a stream that swallows everything and replaces it, with frames held for %i ms",
    { timeout: 30_000 },
    async (holdMs) => {
      harness = await createHarness(createMemoryStore(), { planHold: () => holdMs });
      const proxy = await createProxy(harness.port);
      const agent = await harness.agent({ node: "m1", port: proxy.port });
      await waitFor("the settings", () => agent.settings.at(-1)?.holdFramesMs === holdMs);
      agent.push(1);
      await waitFor("a sign of life", () => agent.queue.size() === 0);
      proxy.swallow();
      agent.push(3);
      await waitFor("a second stream and its acknowledgements", () => agent.queue.size() === 0, 8000);
      expect(proxy.connections()).toBe(2);
    },
  );

  it("ends the stream of a message that is too large, or no message, and no other", async () => {
    const store = createMemoryStore();
    harness = await createHarness(store);
    const good = await harness.agent({ node: "m1" });
    const files = await harness.issue({ name: "raw", names: agentName("prod-a", "m2") });
    const target = `127.0.0.1:${harness.port}`;
    const material = {
      ca: readFileSync(files.ca),
      cert: readFileSync(files.cert),
      key: readFileSync(files.key),
    };
    const tls = clientTls(material, target);
    const client = new Client(target, tls.credentials, tls.options);
    cleanups.push(() => client.close());
    const method = methodDefinition(CollectorService.method.connect);
    const answers: string[] = [];
    const open = () => {
      const call = client.makeBidiStreamRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
      );
      call.on("data", (bytes: Uint8Array) => {
        const { message } = decodeMessage(ConnectResponseSchema, bytes);
        answers.push(message.case === "refusal" ? message.value.text : String(message.case));
      });
      call.on("error", (error) => answers.push(error.message));
      return call;
    };
    open().write(Buffer.alloc(5 * 1024 * 1024));
    await waitFor("an error", () => answers.some((text) => text.includes("RESOURCE_EXHAUSTED")));
    open().write(Buffer.from([0xff, 0xff, 0xff]));
    await waitFor("a refusal", () =>
      answers.some((text) => text.includes("Expected a etcdscope.v1.ConnectRequest")),
    );
    const first = create(ConnectRequestSchema, { message: { case: "ping", value: { id: 1n } as never } });
    open().write(toBinary(ConnectRequestSchema, first));
    await waitFor("a refusal", () =>
      answers.some((text) => text.includes("Expected a hello first, got ping")),
    );
    good.push(2);
    await waitFor("the good agent's frames", () => store.frames.length === 2);
    expect(good.client.status().streamsTotal).toBe(1);
  });
});

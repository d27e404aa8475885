/** What a hostile agent, or who holds an agent's certificate, may try on the agents' port. */
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectTcp, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { LISTENER_LIMITS } from "../../collector/ingest/listener.ts";
import { createFrameEncoder } from "../../shared/frame-codec.ts";
import { LIMITS } from "../../shared/limits.ts";
import { createHarness, createMemoryStore, type Harness } from "../collector/ingest/harness.ts";
import { testFrame } from "../collector/ingest/test-frames.ts";
import { agentName, createAuthority, issue, type IssuedFiles } from "../collector/ingest/test-pki.ts";
import { waitFor } from "../collector/ingest/wait-for.ts";
import { bytesOf, openRawStream } from "./raw-stream.ts";

let harness: Harness;
const cleanups: (() => void)[] = [];

afterEach(async () => {
  cleanups.splice(0).forEach((cleanup) => cleanup());
  await harness.stop();
});

async function certificateOf(node: string): Promise<IssuedFiles> {
  return harness.issue({ name: `raw-${node}`, names: agentName("prod-a", node) });
}

/** A connection without gRPC; `session` is one to be resumed. */
function connectTls(files: IssuedFiles, session?: Buffer): Promise<TLSSocket> {
  const { port } = harness;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: "127.0.0.1",
      port,
      ca: readFileSync(files.ca),
      cert: readFileSync(files.cert),
      key: readFileSync(files.key),
      ALPNProtocols: ["h2"],
      ...(session === undefined ? {} : { session }),
    });
    cleanups.push(() => socket.destroy());
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
    socket.on("error", () => undefined);
    // an end is only seen by who reads
    socket.resume();
  });
}

describe("security/agents-port", { timeout: 60_000 }, () => {
  it("takes nothing twice from who sends an old stream again under the same certificate", async () => {
    const store = createMemoryStore();
    harness = await createHarness(store);
    const files = await certificateOf("m1");
    const first = openRawStream(harness.port, files);
    cleanups.push(first.close);
    first.hello("prod-a", "m1", "run-1");
    [1n, 2n, 3n].forEach((sequence) => first.frame(testFrame(sequence)));
    await waitFor("three frames", () => store.frames.length === 3);
    const replay = openRawStream(harness.port, files);
    cleanups.push(replay.close);
    replay.hello("prod-a", "m1", "run-1");
    await waitFor("the welcome", () => replay.answers[0]?.case === "welcome");
    const forged = { samples: [{ key: "etcd_server_has_leader", value: 0 }] };
    [1n, 2n, 3n].forEach((sequence) => replay.frame(testFrame(sequence, forged)));
    await waitFor("three duplicates", () => harness.ingest.counters.duplicateFramesTotal === 3);
    expect(store.frames).toHaveLength(3);
    expect(harness.live).toHaveLength(3);
    expect(store.frames.every(({ frame }) => frame.samples[0]?.value === 1)).toBe(true);
  });

  it("takes nothing from who sends the recorded bytes of a whole connection again", async () => {
    const store = createMemoryStore();
    harness = await createHarness(store);
    const recorded: Buffer[] = [];
    const tap = createServer((near) => {
      const far = connectTcp(harness.port, "127.0.0.1");
      near.on("data", (chunk: Buffer) => recorded.push(chunk));
      near.pipe(far).pipe(near);
      near.on("error", () => undefined).on("close", () => far.destroy());
      far.on("error", () => undefined).on("close", () => near.destroy());
    });
    await new Promise<void>((resolve) => tap.listen(0, "127.0.0.1", resolve));
    cleanups.push(() => tap.close());
    const agent = await harness.agent({ node: "m1", port: (tap.address() as AddressInfo).port });
    agent.push(3);
    await waitFor("an empty queue", () => agent.queue.size() === 0);
    agent.client.stop();
    const before = harness.ingest.counters.rejectedConnectionsTotal;
    const replay = connectTcp(harness.port, "127.0.0.1", () => replay.write(Buffer.concat(recorded)));
    replay.on("error", () => undefined);
    cleanups.push(() => replay.destroy());
    await waitFor("the rejection", () => harness.ingest.counters.rejectedConnectionsTotal > before);
    expect(harness.ingest.counters.framesTotal).toBe(3);
    expect(store.frames).toHaveLength(3);
  });

  it("does not let a revoked certificate in by the session of an older connection", async () => {
    const folder = mkdtempSync(join(tmpdir(), "etcdscope-resume-"));
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
    const authority = await createAuthority(folder);
    const revoked = join(folder, "revoked.txt");
    writeFileSync(revoked, "# none yet\n");
    harness = await createHarness(createMemoryStore(), { authority, revoked });
    const files = await issue(authority, { name: "m1", names: agentName("prod-a", "m1") });
    const socket = await connectTls(files);
    const sessions: Buffer[] = [];
    socket.on("session", (session: Buffer) => sessions.push(session));
    await waitFor("a session to resume", () => sessions.length > 0);
    const { serialNumber } = new X509Certificate(readFileSync(files.cert));
    writeFileSync(revoked, `${serialNumber}\n`);
    await waitFor("the first connection's end", () => socket.closed);
    const again = await connectTls(files, sessions.at(-1));
    await waitFor("the second one's end", () => again.closed);
    const texts = harness.log.lines.map(({ fields }) => fields["error"]);
    expect(texts).toContain("Certificate was revoked");
  });

  it("ends the oldest connections of one certificate that opens more than an agent needs, and no other agent's", async () => {
    harness = await createHarness();
    const good = await harness.agent({ node: "m2" });
    await waitFor("the good stream", () => good.client.status().state === "streaming");
    const files = await certificateOf("m1");
    const flood: TLSSocket[] = [];
    for (let i = 0; i < 3 * LISTENER_LIMITS.ofAgent; i += 1) {
      flood.push(await connectTls(files));
    }
    await waitFor(
      "most of them to be ended",
      () => flood.filter(({ closed }) => !closed).length === LISTENER_LIMITS.ofAgent,
    );
    expect(flood.slice(-LISTENER_LIMITS.ofAgent).every(({ closed }) => !closed)).toBe(true);
    good.push(2);
    await waitFor("the good agent's frames", () => good.queue.size() === 0);
    expect(good.client.status().streamsTotal).toBe(1);
  });

  it("stops unpacking a message at the size that a message may have", async () => {
    const store = createMemoryStore();
    harness = await createHarness(store);
    const good = await harness.agent({ node: "m2" });
    const bomb = openRawStream(harness.port, await certificateOf("m1"), "gzip");
    cleanups.push(bomb.close);
    // a thousand times smaller on the wire
    bomb.send(Buffer.alloc(64 * 1024 * 1024));
    await waitFor("its end", () => bomb.errors.length > 0, 30_000);
    // It was unpacked until it was too large, and no further.
    expect(bomb.errors[0]).toMatch(/RESOURCE_EXHAUSTED.*decompresses to a size larger than 4194304/);
    good.push(2);
    await waitFor("the good agent's frames", () => store.frames.length === 2);
  });

  it("refuses a stream whose labels are too large in all, though each is within its limit", async () => {
    harness = await createHarness();
    const flood = openRawStream(harness.port, await certificateOf("m1"));
    cleanups.push(flood.close);
    flood.hello("prod-a", "m1", "run-1");
    const labels = (at: number): string =>
      Array.from({ length: 15 }, (_, i) => `l${String(i).padStart(2, "0")}="${"v".repeat(500)}${at}"`).join();
    let sent = 0;
    // our own encoder keeps to the limit: a new one for each frame does not
    for (let sequence = 1n; sent < 2 * LIMITS.dictionaryBytes; sequence += 1n) {
      const samples = Array.from({ length: 200 }, (_, i) => ({
        key: `m{${labels(Number(sequence) * 1000 + i)}}`,
        value: 1,
      }));
      const wire = createFrameEncoder().encode(testFrame(sequence, { samples }));
      const bytes = bytesOf({ case: "frame", value: wire });
      sent += bytes.length;
      flood.send(bytes);
    }
    await waitFor("the refusal", () => flood.answers.some((answer) => answer.case === "refusal"), 30_000);
    const refusal = flood.answers.find((answer) => answer.case === "refusal");
    expect(refusal?.value).toMatchObject({
      text: expect.stringContaining("Expected series keys of at most"),
    });
  });
});

import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { EtcdscopeError } from "../../../shared/errors.ts";
import { systemClock } from "../../../shared/clock.ts";
import { createHarness, createMemoryStore, type Harness } from "./harness.ts";
import { agentName, createAuthority, issue } from "./test-pki.ts";
import { receivedFrame } from "./test-frames.ts";
import { waitFor } from "./wait-for.ts";

let harness: Harness;

afterEach(async () => {
  await harness.stop();
});

function warnings(lines: readonly { level: string; fields: object }[]): string {
  return JSON.stringify(lines.filter(({ level }) => level === "warn"));
}

describe("collector/ingest/ingest", () => {
  it("takes frames over mutual TLS, shows them live and acknowledges what is stored", async () => {
    const store = createMemoryStore();
    harness = await createHarness(store);
    const agent = await harness.agent({ node: "m1" });
    agent.push(50);
    await waitFor("an empty queue", () => agent.queue.size() === 0);
    expect(store.frames.map((one) => one.frame.sequence)).toEqual(
      Array.from({ length: 50 }, (_, i) => BigInt(i + 1)),
    );
    expect(harness.live).toHaveLength(50);
    expect(store.frames[0]?.agent).toEqual({ cluster: "prod-a", node: "m1" });
    expect(harness.streamStates).toEqual(["m1 open"]);
    await waitFor("a clock offset", () => Math.abs(agent.offsets.at(-1)?.offsetUs ?? 1e9) < 50_000);
  });

  it("acknowledges what it has already: an agent that did not know gets rid of its last frames too", async () => {
    const store = createMemoryStore();
    const instanceId = "run-of-m1";
    store.frames.push(...[1n, 3n, 4n].map((sequence) => receivedFrame(sequence, { instanceId })));
    harness = await createHarness(store);
    const agent = await harness.agent({ node: "m1", instanceId });
    agent.push(4);
    await waitFor("an empty queue", () => agent.queue.size() === 0);
    expect(store.frames.map((one) => one.frame.sequence)).toEqual([1n, 3n, 4n, 2n]);
    expect(harness.ingest.counters.duplicateFramesTotal).toBe(2);
  });

  it("keeps no agent out because others bring what they had kept", async () => {
    harness = await createHarness(createMemoryStore(), { maxStreams: { live: 2, kept: 1 } });
    const m1 = await harness.agent({ node: "m1" });
    const m1Kept = await harness.agent({ node: "m1", isForKept: true });
    const streaming = ({ client }: typeof m1): boolean => client.status().state === "streaming";
    await waitFor("both of m1", () => streaming(m1) && streaming(m1Kept));
    const m2 = await harness.agent({ node: "m2" });
    await waitFor("m2", () => streaming(m2));
    const m2Kept = await harness.agent({ node: "m2", isForKept: true });
    const m3 = await harness.agent({ node: "m3" });
    await waitFor("refusals", () => m2Kept.log.lines.length > 0 && m3.log.lines.length > 0);
    expect(warnings(m2Kept.log.lines)).toContain("Expected at most 1 agents");
    expect(warnings(m3.log.lines)).toContain("Expected at most 2 agents");
  });

  it("reads what is new while what was kept has to wait, and stores it first", async () => {
    const store = createMemoryStore();
    let goOn = (): void => undefined;
    const slow = new Promise<void>((resolve) => (goOn = resolve));
    harness = await createHarness(
      { ...store, append: (frames) => slow.then(() => store.append(frames)) },
      { pendingBytes: 40_000 },
    );
    const kept = await harness.agent({ node: "m1", isForKept: true, instanceId: "earlier" });
    await waitFor("the stream of kept frames", () => kept.client.status().state === "streaming");
    kept.push(1);
    await waitFor("a commit", () => harness.live.length === 1);
    kept.push(300);
    await waitFor("some of it", () => harness.live.length > 50);
    const live = await harness.agent({ node: "m1" });
    live.push(20);
    const read = (instanceId: string): number =>
      harness.live.filter((one) => one.instanceId === instanceId).length;
    await waitFor("what is new", () => read("run-of-m1") === 20);
    expect(read("earlier")).toBeLessThan(200);
    goOn();
    await waitFor("everything", () => kept.queue.size() === 0 && live.queue.size() === 0);
    expect(store.frames).toHaveLength(321);
    const places = store.frames.flatMap(({ instanceId }, place) => (instanceId === "earlier" ? [] : [place]));
    expect(places).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  it("refuses an agent whose frame cannot be stored, and stores those of others", async () => {
    const store = createMemoryStore();
    harness = await createHarness({
      ...store,
      encode: (received) => {
        if (received.agent.node === "m1") {
          throw new Error("Expected a number from 0 to 2^53, got -1");
        }
        return received;
      },
    });
    const m1 = await harness.agent({ node: "m1" });
    const m2 = await harness.agent({ node: "m2" });
    m1.push(1);
    m2.push(3);
    await waitFor("what m2 has", () => m2.queue.size() === 0);
    await waitFor("m1 to be refused", () => warnings(m1.log.lines).includes("can be stored"));
    expect(store.frames.map(({ agent }) => agent.node)).toEqual(["m2", "m2", "m2"]);
    expect(harness.live.every(({ agent }) => agent.node === "m2")).toBe(true);
  });

  it("spreads the fsync probes of a cluster's nodes, and moves them when a node comes", async () => {
    harness = await createHarness();
    const m1 = await harness.agent({ node: "m1" });
    await waitFor("settings of m1", () => m1.settings.length === 1);
    const m2 = await harness.agent({ node: "m2" });
    await waitFor("settings of m2", () => m2.settings.length === 1);
    const m0 = await harness.agent({ node: "m0" });
    await waitFor("new settings of m1", () => (m1.settings.at(-1)?.fsyncProbePhaseMs ?? 0) === 1666);
    await waitFor("new settings of m2", () => (m2.settings.at(-1)?.fsyncProbePhaseMs ?? 0) === 3333);
    expect(m0.settings.at(-1)?.fsyncProbePhaseMs).toBe(0);
  });

  it("has agents hold frames without news while the fleet is large, and none of them is lost", async () => {
    const store = createMemoryStore();
    harness = await createHarness(store, { planHold: (agents) => (agents > 1 ? 2000 : 0) });
    const m1 = await harness.agent({ node: "m1" });
    const m2 = await harness.agent({ node: "m2" });
    await waitFor("m1 holds", () => m1.settings.at(-1)?.holdFramesMs === 2000);
    await waitFor("m2 holds", () => m2.settings.at(-1)?.holdFramesMs === 2000);
    expect(harness.ingest.holdMs()).toBe(2000);
    m1.push(2, { nextInMs: 1000 });
    expect(m1.client.status().framesSentTotal).toBe(0);
    m1.push(1);
    expect(m1.client.status().framesSentTotal).toBe(3);
    await waitFor("all three", () => m1.queue.size() === 0);
    m1.push(1, { nextInMs: 1000 });
    expect(m1.client.status().framesSentTotal).toBe(3);
    m2.client.stop();
    await waitFor("what m1 held, when it need not hold any more", () => m1.queue.size() === 0);
    expect(harness.live.map(({ frame }) => frame.sequence)).toEqual([1n, 2n, 3n, 4n]);
    expect(store.frames).toHaveLength(4);
  });

  it("refuses a certificate that is another node's, and both logs name both", async () => {
    harness = await createHarness();
    const tls = await harness.issue({ name: "other", names: agentName("prod-a", "m2") });
    const agent = await harness.agent({ node: "m1", tls });
    await waitFor("a refusal", () => agent.log.lines.length > 0);
    for (const lines of [agent.log.lines, harness.log.lines]) {
      expect(warnings(lines)).toContain("for prod-a/m2, but the agent says that it is prod-a/m1");
      expect(warnings(lines)).toContain("IDENTITY_MISMATCH");
    }
    expect(harness.ingest.counters.refusalsTotal.get("IDENTITY_MISMATCH")).toBe(1);
    expect(agent.client.status().state).toBe("waiting");
  });

  it("refuses a certificate of another cluster, and one that names no agent", async () => {
    harness = await createHarness();
    const wrong = await harness.issue({ name: "wrong", names: agentName("prod-b", "m1") });
    const none = await harness.issue({ name: "none", names: [{ type: "dns", value: "m1" }] });
    const first = await harness.agent({ node: "m1", tls: wrong });
    const second = await harness.agent({ node: "m1", tls: none });
    await waitFor("refusals", () => first.log.lines.length > 0 && second.log.lines.length > 0);
    expect(warnings(first.log.lines)).toContain("prod-b/m1");
    expect(warnings(second.log.lines)).toContain("names no agent");
  });

  it("rejects an expired certificate and one of another authority, with the reason in both logs", async () => {
    harness = await createHarness();
    const stranger = await createAuthority(join(harness.folder, "stranger"));
    const strange = await issue(stranger, { name: "agent", names: agentName("prod-a", "m2") });
    const expired = await harness.issue({
      name: "expired",
      names: agentName("prod-a", "m1"),
      notAfterMs: Date.now() - 60_000,
    });
    const agent = await harness.agent({ node: "m1", tls: expired });
    await waitFor("a failure", () => agent.log.lines.length > 0);
    expect(warnings(agent.log.lines)).toMatch(/certificate.*expired/i);
    expect(warnings(harness.log.lines)).toContain("CERT_HAS_EXPIRED");
    const other = await harness.agent({
      node: "m2",
      tls: { ...strange, ca: join(harness.folder, "ca.crt") },
    });
    await waitFor("a failure", () => other.log.lines.length > 0);
    expect(warnings(other.log.lines)).toMatch(/may not trust|authority/i);
    const good = await harness.agent({ node: "m3" });
    good.push(1);
    await waitFor("a good agent's frame", () => good.queue.size() === 0);
  });

  it("is not trusted by an agent of another authority, which says so", async () => {
    harness = await createHarness();
    const stranger = await createAuthority(join(harness.folder, "stranger"));
    const tls = await issue(stranger, { name: "agent", names: agentName("prod-a", "m1") });
    const agent = await harness.agent({ node: "m1", tls });
    await waitFor("a failure", () => agent.log.lines.length > 0);
    expect(warnings(agent.log.lines)).toMatch(/self-signed|unable to (verify|get)|signature/i);
  });

  it("hangs up on bytes that are not TLS while others go on", async () => {
    harness = await createHarness();
    const agent = await harness.agent({ node: "m1" });
    await waitFor("an open stream", () => harness.streamStates.length === 1);
    const closed = new Promise<void>((resolve) => {
      const socket = connectTcp(harness.port, "127.0.0.1", () => socket.write(Buffer.alloc(100_000, 0xa5)));
      socket.on("error", () => undefined);
      socket.on("close", () => resolve());
    });
    await closed;
    await waitFor("a rejection", () => harness.ingest.counters.rejectedConnectionsTotal > 0);
    agent.push(3);
    await waitFor("an empty queue", () => agent.queue.size() === 0);
    expect(harness.streamStates).toEqual(["m1 open"]);
  });

  it("keeps frames without acknowledging them while the store fails, and acknowledges once it works", async () => {
    const store = createMemoryStore();
    store.failing = new EtcdscopeError("STORAGE_FULL", "No space");
    harness = await createHarness(store);
    const agent = await harness.agent({ node: "m1" });
    agent.push(5);
    await waitFor("frames in the live view", () => harness.live.length === 5);
    await waitFor("a failed commit", () => harness.ingest.counters.commitFailuresTotal > 1);
    expect(agent.queue.size()).toBe(5);
    expect(agent.client.status().state).toBe("streaming");
    expect(harness.ingest.counters.lastCommitError).toBe("No space");
    store.failing = undefined;
    await waitFor("an empty queue", () => agent.queue.size() === 0);
    expect(store.frames).toHaveLength(5);
  });

  it("lets a newer stream of the same agent take over, and the late end of the old one changes nothing", async () => {
    harness = await createHarness();
    const first = await harness.agent({ node: "m1", instanceId: "a" });
    await waitFor("an open stream", () => harness.streamStates.length === 1);
    const second = await harness.agent({ node: "m1", instanceId: "b" });
    await waitFor("the old one to be told", () => warnings(first.log.lines).includes("REPLACED"));
    second.push(2);
    await waitFor("an empty queue", () => second.queue.size() === 0);
    expect(harness.streamStates).toEqual(["m1 open", "m1 open"]);
    expect(harness.ingest.counters.streams).toBe(1);
  });

  it("loses and doubles nothing when its clock is set back by an hour, and puts right what agents measured before", async () => {
    const store = createMemoryStore();
    let setMs = 0;
    const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + setMs };
    harness = await createHarness(store, undefined, clock);
    const agent = await harness.agent({ node: "m1" });
    agent.push(20);
    await waitFor("an empty queue", () => agent.queue.size() === 0);
    setMs = -3_600_000;
    harness.ingest.moveTimes(setMs);
    agent.push(20);
    await waitFor("an empty queue again", () => agent.queue.size() === 0);
    expect(store.frames.map(({ frame }) => Number(frame.sequence))).toEqual(
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
    const offsets = store.frames.map(({ frame }) => frame.clockOffset?.offsetUs);
    expect([...new Set(offsets)]).toEqual([-1500, 3_600_000_000 - 1500]);
    expect(store.frames[39]!.receivedAtMs).toBeLessThan(store.frames[0]!.receivedAtMs);
  });

  it("slows a flooding agent down without losing a frame, and serves others meanwhile", async () => {
    const store = createMemoryStore();
    harness = await createHarness(store);
    const flooder = await harness.agent({ node: "m1" });
    const other = await harness.agent({ node: "m2" });
    flooder.push(2600);
    await waitFor("slowing down", () => harness.ingest.counters.slowedTotal > 0);
    other.push(1);
    await waitFor("the other's frame", () => other.queue.size() === 0, 2000);
    await waitFor("all frames", () => flooder.queue.size() === 0, 15_000);
    expect(store.frames.filter((one) => one.agent.node === "m1")).toHaveLength(2600);
    expect(flooder.client.status().streamsTotal).toBe(1);
  }, 30_000);

  it("tells agents that it is shutting down, and they come back to the next collector", async () => {
    harness = await createHarness();
    const agent = await harness.agent({ node: "m1" });
    await waitFor("an open stream", () => harness.streamStates.length === 1);
    await harness.ingest.stop();
    await waitFor("the agent to be told", () => warnings(agent.log.lines).includes("SHUTTING_DOWN"));
    expect(["waiting", "connecting"]).toContain(agent.client.status().state);
  });
});

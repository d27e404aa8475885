/** The agent's queue, spool and streams against real collectors' ingest: absences, several collectors, clocks that step. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { FrameQueue } from "../../../agent/spool/frame-queue.ts";
import { createSpoolFiles } from "../../../agent/spool/spool-files.ts";
import { createSpoolQueue } from "../../../agent/spool/spool-queue.ts";
import { createCollectorLink, type CollectorLink } from "../../../agent/stream/collector-link.ts";
import { createHistory } from "../../../collector/history/history.ts";
import { foldCluster } from "../../../collector/view/fold.ts";
import type { ClusterFrames } from "../../../collector/view/node-state.ts";
import type { Clock } from "../../../shared/clock.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { FrameStore } from "../../../collector/ingest/ingest.ts";
import { createHarness, createMemoryStore, type Harness } from "../../collector/ingest/harness.ts";
import { createTestLog, testFrame } from "../../collector/ingest/test-frames.ts";
import { agentName } from "../../collector/ingest/test-pki.ts";
import { waitFor } from "../../collector/ingest/wait-for.ts";

const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
});

/** Time of frames, moved by hand; timers and streams keep the machine's. */
interface FrameTime extends Clock {
  moveBy(ms: number): void;
  stepWallBy(ms: number): void;
}

function createFrameTime(): FrameTime {
  let aheadMs = 0;
  let steppedMs = 0;
  return {
    nowMs: () => systemClock.nowMs() + aheadMs + steppedMs,
    monotonicUs: () => systemClock.monotonicUs() + aheadMs * 1000,
    after: (delayMs, call) => systemClock.after(delayMs, call),
    moveBy: (ms) => (aheadMs += ms),
    stepWallBy: (ms) => (steppedMs += ms),
  };
}

interface TestLinks {
  readonly queue: FrameQueue;
  readonly links: readonly CollectorLink[];
  readonly time: FrameTime;
  readonly dir: string;
  readonly instanceId: string;
  /** One frame a second of the frames' time. */
  push(count: number): void;
}

async function startLinks(harness: Harness, ports: readonly number[], dir = newFolder()): Promise<TestLinks> {
  const log = createTestLog();
  const time = createFrameTime();
  const queue = createSpoolQueue({
    files: createSpoolFiles(dir),
    agent: { cluster: "prod-a", node: "m1", agentVersion: "0.1.0", bootId: "boot" },
    collectors: ports.length,
    maxBytes: 8 * 1024 * 1024,
    maxAgeMs: 86_400_000,
    clock: time,
    log,
    random: "test",
  });
  const hello = await queue.open();
  const tls = await harness.issue({ name: "agent-m1", names: agentName("prod-a", "m1") });
  const links = ports.map((port, index) =>
    createCollectorLink({
      collector: `127.0.0.1:${port}`,
      tls,
      hello,
      reader: queue.reader(index),
      clock: systemClock,
      log,
      onStreamOpen: () => undefined,
      onSettings: () => undefined,
    }),
  );
  cleanups.push(() => links.forEach((link) => link.stop()));
  let sequence = 0n;
  return {
    queue,
    links,
    time,
    dir,
    instanceId: hello.instanceId,
    push: (count) => {
      for (let i = 0; i < count; i += 1) {
        sequence += 1n;
        time.moveBy(1000);
        const [capturedAtMs, monotonicUs] = [time.nowMs(), time.monotonicUs()];
        queue.push(
          testFrame(sequence, { capturedAtMs, monotonicUs, clockOffset: undefined, keyframe: false }),
        );
        links.forEach((link) => link.notify());
      }
    },
  };
}

function newFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), "etcdscope-links-"));
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function startHarness(store: FrameStore = createMemoryStore(), trusting?: Harness): Promise<Harness> {
  const harness = await createHarness(store, trusting);
  cleanups.push(() => harness.stop());
  return harness;
}

function spoolFiles(dir: string): readonly string[] {
  return readdirSync(dir).filter((name) => name.endsWith(".spool"));
}

async function isOnDisk({ queue }: TestLinks): Promise<void> {
  await waitFor("frames on disk", () => queue.spoolBytes() > 0);
}

describe("agent/stream/collector-link", { timeout: 60_000 }, () => {
  it("brings what was kept beside what is new, which comes first, and the history has each once", async () => {
    const store = createMemoryStore();
    const harness = await startHarness({ ...store, append: (frames) => store.append(frames) });
    const agent = await startLinks(harness, [harness.port]);
    agent.push(30);
    await isOnDisk(agent);
    let last = 30;
    // a write begins with a push, when none is under way
    await waitFor("most of it to be on disk", () => {
      agent.push(last < 329 ? 50 : 1);
      last += last < 329 ? 50 : 1;
      return last > 329 && agent.queue.size() < 40;
    });
    agent.links[0]?.start();
    await waitFor("the first frames", () => store.frames.length > 0);
    expect(Number(store.frames[0]?.frame.sequence)).toBeGreaterThan(last - 50);
    agent.push(1);
    last += 1;
    await waitFor("the newest", () => store.frames.some(({ frame }) => frame.sequence === BigInt(last)));
    await waitFor(
      "everything",
      () => {
        agent.links[0]?.notify();
        return agent.queue.size() === 0 && agent.queue.spoolBytes() === 0;
      },
      30_000,
    );
    const sequences = store.frames.map(({ frame }) => Number(frame.sequence));
    expect([...sequences].sort((one, other) => one - other)).toEqual(
      Array.from({ length: last }, (_, i) => i + 1),
    );
    expect(store.frames.find(({ frame }) => frame.sequence === 5n)?.frame.samples).toHaveLength(2);
    // the view never went back
    let view: ClusterFrames = { cluster: "prod-a", nodes: new Map() };
    for (const received of harness.live) {
      const before = view.nodes.get("m1")?.sequence ?? 0n;
      view = foldCluster(view, received);
      expect(view.nodes.get("m1")?.sequence).toBeGreaterThanOrEqual(before);
    }
    expect(view.nodes.get("m1")?.sequence).toBe(BigInt(last));
    expect(harness.streamStates).toEqual(["m1 open"]);
    await waitFor("no file", () => spoolFiles(agent.dir).length === 0);
  });

  it("lets each collector go at its own pace: one that is away holds up nobody, and gets everything later", async () => {
    const [near, far] = [createMemoryStore(), createMemoryStore()];
    const harness = await startHarness(near);
    const other = await startHarness(far, harness);
    const agent = await startLinks(harness, [harness.port, other.port]);
    agent.links[0]?.start();
    for (let round = 1; round <= 12; round += 1) {
      agent.push(5);
      await waitFor("the near one's frames", () => near.frames.length === round * 5);
    }
    await isOnDisk(agent);
    expect(agent.queue.reader(0).waiting()).toBe(0);
    expect(agent.queue.reader(1).waiting()).toBeGreaterThan(0);
    expect(far.frames).toEqual([]);
    agent.links[1]?.start();
    agent.push(1);
    await waitFor("the far one to have everything", () => {
      agent.links[1]?.notify();
      return far.frames.length === 61 && agent.queue.size() === 0 && agent.queue.spoolBytes() === 0;
    });
    expect(near.frames.map(({ frame }) => Number(frame.sequence))).toEqual(
      Array.from({ length: 61 }, (_, i) => i + 1),
    );
    expect(new Set(far.frames.map(({ frame }) => frame.sequence)).size).toBe(61);
  });

  it("gives a collector of a later run what an earlier run kept for it, under the earlier run's name", async () => {
    const store = createMemoryStore();
    const harness = await startHarness(store);
    const first = await startLinks(harness, [harness.port]);
    first.push(20);
    await first.queue.close();
    const second = await startLinks(harness, [harness.port], first.dir);
    expect(second.instanceId > first.instanceId).toBe(true);
    second.push(3);
    second.links[0]?.start();
    await waitFor("everything", () => {
      second.links[0]?.notify();
      return store.frames.length === 23 && spoolFiles(first.dir).length === 0;
    });
    expect(store.frames.filter(({ instanceId }) => instanceId === first.instanceId)).toHaveLength(20);
    const view = harness.live.reduce(foldCluster, { cluster: "prod-a", nodes: new Map() } as ClusterFrames);
    expect(view.nodes.get("m1")).toMatchObject({ instanceId: second.instanceId, sequence: 3n });
  });

  it("goes on when the node's clock steps back by an hour, and loses nothing", async () => {
    const store = createMemoryStore();
    const harness = await startHarness(store);
    const agent = await startLinks(harness, [harness.port]);
    agent.push(40);
    await isOnDisk(agent);
    agent.time.stepWallBy(-3_600_000);
    agent.push(10);
    agent.links[0]?.start();
    await waitFor("everything", () => {
      agent.links[0]?.notify();
      return store.frames.length >= 50 && agent.queue.spoolBytes() === 0;
    });
    expect(agent.queue.reader(0).droppedTotal()).toBe(0n);
    const view = harness.live.reduce(foldCluster, { cluster: "prod-a", nodes: new Map() } as ClusterFrames);
    expect(view.nodes.get("m1")?.sequence).toBe(50n);
    // an agent that starts again in the past is newer all the same
    const next = await startLinks(harness, [harness.port], agent.dir);
    expect(next.instanceId > agent.instanceId).toBe(true);
  });

  it("waits, and does not grow, while the collector acknowledges nothing; then all is there once", async () => {
    const store = createMemoryStore();
    store.failing = new Error("No space");
    const harness = await startHarness(store);
    const agent = await startLinks(harness, [harness.port]);
    agent.links[0]?.start();
    await waitFor("an open stream", () => agent.links[0]?.status().state === "streaming");
    agent.push(200);
    await isOnDisk(agent);
    agent.push(2);
    await waitFor("memory to be given back", () => agent.queue.size() < 30);
    expect(store.frames).toEqual([]);
    // sent already, so that it is not to be brought a second time
    expect(agent.queue.reader(0).waiting()).toBeLessThan(202);
    store.failing = undefined;
    await waitFor(
      "everything",
      () => {
        agent.links[0]?.notify();
        return agent.queue.size() === 0 && agent.queue.spoolBytes() === 0;
      },
      30_000,
    );
    expect(new Set(store.frames.map(({ frame }) => frame.sequence)).size).toBe(202);
  });

  it("asks a collector whose history is real what it has, after that collector's restart", async () => {
    const folder = newFolder();
    const options = { path: join(folder, "history.db"), rawMs: 1e13, maxBytes: 1e9, clock: systemClock };
    const history = createHistory({ ...options, log: createTestLog() });
    await history.start();
    cleanups.push(() => history.close());
    const harness = await startHarness(history);
    const agent = await startLinks(harness, [harness.port]);
    agent.push(100);
    await isOnDisk(agent);
    agent.links[0]?.start();
    await waitFor("a part of it", () => harness.live.length > 30);
    agent.links[0]?.stop();
    agent.links[0]?.start();
    await waitFor(
      "everything",
      () => {
        agent.links[0]?.notify();
        return agent.queue.size() === 0 && agent.queue.spoolBytes() === 0;
      },
      30_000,
    );
    const frames = await history.framesSince(0);
    const sequences = frames.map(({ frame }) => Number(frame.sequence)).sort((one, other) => one - other);
    expect(sequences).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  });
});

import { describe, expect, it } from "vitest";
import { COMMIT_LIMITS, createCommitQueue } from "../../../collector/ingest/commit-queue.ts";
import { createIngestCounters } from "../../../collector/ingest/counters.ts";
import type { Clock } from "../../../shared/clock.ts";

/** A clock that moves when told; timers due run in order. */
function createTestClock(): Clock & { advance(ms: number): Promise<void> } {
  let nowMs = 0;
  const timers: { atMs: number; call: () => void }[] = [];
  return {
    nowMs: () => nowMs,
    monotonicUs: () => nowMs * 1000,
    after: (delayMs, call) => {
      const timer = { atMs: nowMs + delayMs, call };
      timers.push(timer);
      return { cancel: () => timers.splice(timers.indexOf(timer), timers.includes(timer) ? 1 : 0) };
    },
    async advance(ms) {
      const untilMs = nowMs + ms;
      for (;;) {
        timers.sort((left, right) => left.atMs - right.atMs);
        const due = timers[0];
        if (due === undefined || due.atMs > untilMs) {
          break;
        }
        timers.shift();
        nowMs = Math.max(nowMs, due.atMs);
        due.call();
        await settle();
      }
      nowMs = untilMs;
    },
  };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i += 1) {
    await Promise.resolve();
  }
}

function createQueue() {
  const clock = createTestClock();
  const counters = createIngestCounters();
  const commits: bigint[][] = [];
  const durable: string[] = [];
  const pressure: string[] = [];
  const letGo: string[] = [];
  const store = { failing: false, release: undefined as (() => void) | undefined, isHeld: false };
  const queue = createCommitQueue<string, bigint>({
    append: (frames) => {
      commits.push([...frames]);
      if (store.failing) {
        return Promise.reject(new Error("No space"));
      }
      return store.isHeld ? new Promise((resolve) => (store.release = resolve)) : Promise.resolve();
    },
    clock,
    counters,
    pendingBytes: 1000,
    onDurable: (stream, sequence) => durable.push(`${stream} ${sequence}`),
    onPressure: (kind, isHigh) => pressure.push(`${kind} ${isHigh ? "pauses" : "goes on"}`),
    onLetGo: (streams) => letGo.push(...streams),
  });
  const add = (stream: string, sequence: bigint): void =>
    queue.add({ stream, kind: "live", waiting: sequence, sequence, bytes: 100 });
  const addKept = (stream: string, sequence: bigint): void =>
    queue.add({ stream, kind: "kept", waiting: sequence, sequence, bytes: 10 });
  return { addKept, clock, counters, commits, durable, pressure, letGo, store, queue, add };
}

describe("collector/ingest/commit-queue", () => {
  it("commits together what came together, and acknowledges each stream once", async () => {
    const { clock, commits, durable, add } = createQueue();
    add("m1", 1n);
    add("m2", 7n);
    add("m1", 2n);
    await clock.advance(COMMIT_LIMITS.gatherMs);
    expect(commits).toEqual([[1n, 7n, 2n]]);
    expect(durable).toEqual(["m1 2", "m2 7"]);
  });

  it("puts what arrives while a commit runs into the next one", async () => {
    const { clock, commits, durable, store, add } = createQueue();
    store.isHeld = true;
    add("m1", 1n);
    await clock.advance(10);
    add("m1", 2n);
    add("m1", 3n);
    await clock.advance(100);
    expect(commits).toEqual([[1n]]);
    expect(durable).toEqual([]);
    store.release?.();
    await settle();
    expect(durable).toEqual(["m1 1"]);
    await clock.advance(10);
    expect(commits).toEqual([[1n], [2n, 3n]]);
  });

  it("pauses the streams while more waits than fits, and lets them go on at half of it", async () => {
    const { clock, pressure, store, add } = createQueue();
    store.isHeld = true;
    add("m1", 1n);
    await clock.advance(10);
    for (let sequence = 2n; sequence <= 13n; sequence += 1n) {
      add("m1", sequence);
    }
    expect(pressure).toEqual(["kept pauses", "live pauses"]);
    store.isHeld = false;
    store.release?.();
    await settle();
    await clock.advance(100);
    expect(pressure).toEqual(["kept pauses", "live pauses", "live goes on", "kept goes on"]);
  });

  it("puts what is new before what was kept, however much of that waits, and keeps the order of each", async () => {
    const { clock, commits, durable, store, add, addKept } = createQueue();
    store.isHeld = true;
    addKept("m1 kept", 1n);
    await clock.advance(10);
    for (let sequence = 2n; sequence <= 2001n; sequence += 1n) {
      addKept("m1 kept", sequence);
    }
    add("m1", 5001n);
    add("m1", 5002n);
    store.isHeld = false;
    store.release?.();
    await settle();
    await clock.advance(10);
    expect(commits[1]?.slice(0, 4)).toEqual([5001n, 5002n, 2n, 3n]);
    expect(commits[1]).toHaveLength(COMMIT_LIMITS.batchFrames);
    expect(durable.slice(0, 3)).toEqual(["m1 kept 1", "m1 5002", "m1 kept 999"]);
    await clock.advance(10);
    expect(durable.at(-1)).toBe("m1 kept 2001");
    const kept = commits.flat().filter((sequence) => sequence < 5000n);
    expect(kept).toEqual(Array.from({ length: 2001 }, (_, i) => BigInt(i + 1)));
  });

  it("pauses streams of what was kept at a quarter of what fits, and the live ones not yet", async () => {
    const { clock, pressure, store, addKept } = createQueue();
    store.isHeld = true;
    addKept("m1 kept", 1n);
    await clock.advance(10);
    for (let sequence = 2n; sequence <= 27n; sequence += 1n) {
      addKept("m1 kept", sequence);
    }
    expect(pressure).toEqual(["kept pauses"]);
    store.isHeld = false;
    store.release?.();
    await settle();
    await clock.advance(100);
    expect(pressure).toEqual(["kept pauses", "kept goes on"]);
  });

  it("lets only what is new go while the store fails: what was kept waits, here and at its agents", async () => {
    const { clock, commits, pressure, letGo, store, add, addKept } = createQueue();
    store.failing = true;
    add("m1", 1n);
    await clock.advance(500);
    for (let sequence = 2n; sequence <= 31n; sequence += 1n) {
      addKept("m1 kept", sequence + 100n);
      add("m1", sequence);
    }
    expect(pressure).toEqual(["kept pauses"]);
    store.failing = false;
    await clock.advance(10_000);
    expect(letGo).toEqual(["m1"]);
    const stored = new Set(commits.flat());
    expect([...stored].filter((sequence) => sequence > 100n)).toHaveLength(30);
    expect(pressure.at(-1)).toBe("kept goes on");
  });

  it("tries the same frames again when they cannot be stored, and acknowledges nothing meanwhile", async () => {
    const { clock, commits, durable, counters, store, add } = createQueue();
    store.failing = true;
    add("m1", 1n);
    await clock.advance(2000);
    expect(commits.length).toBeGreaterThan(2);
    expect(new Set(commits.map(String))).toEqual(new Set(["1"]));
    expect(durable).toEqual([]);
    expect(counters.lastCommitError).toBe("No space");
    store.failing = false;
    await clock.advance(6000);
    expect(durable).toEqual(["m1 1"]);
    expect(counters.lastCommitError).toBe("");
  });

  it("keeps going live-only when the store fails for long, and makes those streams send again", async () => {
    const { clock, durable, pressure, letGo, counters, store, add } = createQueue();
    store.failing = true;
    add("m1", 1n);
    await clock.advance(500);
    for (let sequence = 2n; sequence <= 20n; sequence += 1n) {
      add("m1", sequence);
    }
    add("m2", 1n);
    expect(pressure).not.toContain("live pauses");
    expect(counters.liveOnlyFramesTotal).toBeGreaterThan(0);
    store.failing = false;
    await clock.advance(10_000);
    // frame 1 is durable; what came after the gap must never be acknowledged
    expect(durable).toEqual(["m1 1", "m2 1"]);
    expect(letGo).toEqual(["m1"]);
  });

  it("does the same when a commit hangs", async () => {
    const { clock, pressure, counters, store, add } = createQueue();
    store.isHeld = true;
    add("m1", 1n);
    await clock.advance(COMMIT_LIMITS.stuckMs + 20);
    for (let sequence = 2n; sequence <= 20n; sequence += 1n) {
      add("m1", sequence);
    }
    expect(pressure).not.toContain("live pauses");
    expect(counters.liveOnlyFramesTotal).toBeGreaterThan(0);
  });
});

/** Frames in memory and on real files: who gets what, in which order, over restarts, torn tails and full bounds. */
import { appendFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createSpoolFiles } from "../../../agent/spool/spool-files.ts";
import { EtcdscopeError } from "../../../shared/errors.ts";
import { createSpoolFolder, settleDisk, take } from "./spool-folder.ts";

function files(dir: string): readonly string[] {
  return readdirSync(dir).filter((name) => name.endsWith(".spool"));
}

function range(first: number, last: number): readonly bigint[] {
  return Array.from({ length: last - first + 1 }, (_, i) => BigInt(first + i));
}

const ignore = (): void => undefined;

describe("agent/spool/spool-queue", { timeout: 60_000 }, () => {
  it("never touches the disk while the collector keeps up", async () => {
    const { run, dir } = createSpoolFolder();
    const { queue, pushFor } = await run();
    const reader = queue.reader(0);
    reader.welcome([]);
    let after = 0n;
    for (let second = 0; second < 40; second += 1) {
      await pushFor(1);
      const next = reader.next(after);
      after = next?.kind === "frame" ? next.frame.sequence : after;
      reader.acknowledge(after);
    }
    expect(after).toBe(40n);
    expect(queue.size()).toBe(0);
    expect(files(dir)).toEqual([]);
  });

  it("gives what is new at once and what was kept beside it, all of it, and then frees the disk", async () => {
    const { run, dir, clock } = createSpoolFolder();
    const { queue, pushFor } = await run();
    await pushFor(60);
    expect(files(dir)).toHaveLength(1);
    const reader = queue.reader(0);
    expect([reader.firstSequence(), reader.lastSequence()]).toEqual([1n, 60n]);
    reader.measureClock({ offsetUs: -70, roundTripUs: 9 });
    const live = await take(reader, clock);
    expect(live.sequences.at(-1)).toBe(60n);
    expect(live.sequences.length).toBeLessThan(15);
    const firstLive = Number(live.sequences[0]);
    expect(live.frames[0]).toMatchObject({ waiting: firstLive - 1 });
    reader.acknowledge(60n);
    expect(queue.size()).toBe(0);
    const kept = reader.findKept(ignore);
    const brought = await take(kept!, clock);
    expect(brought.sequences).toEqual(range(1, firstLive - 1));
    expect(brought.frames[0]?.samples).toHaveLength(2);
    expect(brought.frames[0]?.clockOffset).toEqual({ offsetUs: -70, roundTripUs: 9 });
    expect(kept?.isDone()).toBe(false);
    kept?.acknowledge(BigInt(firstLive - 1));
    expect(kept?.isDone()).toBe(true);
    await settleDisk();
    expect(files(dir)).toEqual([]);
    expect(reader.findKept(ignore)).toBeUndefined();
  });

  it("tells of each frame how far off its time is, also when the wall clock was set after it was measured", async () => {
    const { run, clock } = createSpoolFolder();
    const { queue, pushFor } = await run();
    await pushFor(40);
    clock.setBy(-3_600_000);
    await pushFor(20);
    const reader = queue.reader(0);
    reader.measureClock({ offsetUs: -3_600_000_000, roundTripUs: 9 });
    clock.setBy(7_200_000);
    await pushFor(3);
    const live = await take(reader, clock);
    const offsets = new Map(
      [...(await take(reader.findKept(ignore)!, clock)).frames, ...live.frames].map((frame) => [
        Number(frame.sequence),
        frame.clockOffset?.offsetUs,
      ]),
    );
    expect([1, 40, 41, 60, 61, 63].map((sequence) => offsets.get(sequence))).toEqual([
      0, 0, -3_600_000_000, -3_600_000_000, 3_600_000_000, 3_600_000_000,
    ]);
  });

  it("gives again what a stream took and did not acknowledge, and nothing that it did", async () => {
    const { run, clock } = createSpoolFolder();
    const { queue, pushFor } = await run();
    await pushFor(40);
    const reader = queue.reader(0);
    const first = await take(reader, clock);
    reader.acknowledge(first.sequences[2]!);
    reader.release();
    const held = [{ first: first.sequences[0]!, last: first.sequences[2]! }];
    const kept = reader.findKept(ignore)!;
    expect((await take(kept, clock, { limit: 10 })).sequences).toEqual(range(1, 10));
    kept.acknowledge(7n);
    kept.release();
    const again = await take(reader, clock, { held: [{ first: 1n, last: 7n }, ...held] });
    expect(again.sequences).toEqual(first.sequences.slice(3));
    const rest = await take(reader.findKept(ignore)!, clock, { held: [{ first: 1n, last: 7n }, ...held] });
    expect(rest.sequences).toEqual(range(8, Number(first.sequences[0]) - 1));
  });

  it("keeps frames for the collector that is away and lets the other one go on", async () => {
    const { run, dir, clock } = createSpoolFolder();
    const { queue, pushFor } = await run({ collectors: 2 });
    const [near, far] = [queue.reader(0), queue.reader(1)];
    near.welcome([]);
    for (let second = 1; second <= 30; second += 1) {
      await pushFor(1);
      expect(near.next(BigInt(second - 1))).toMatchObject({
        frame: { sequence: BigInt(second), waiting: 0 },
      });
      near.acknowledge(BigInt(second));
    }
    expect(near.findKept(ignore)).toBeUndefined();
    const live = await take(far, clock);
    const brought = await take(far.findKept(ignore)!, clock);
    expect([...brought.sequences, ...live.sequences]).toEqual(range(1, 30));
    expect(files(dir)).toHaveLength(1);
    far.acknowledge(30n);
    expect([near.droppedTotal(), far.droppedTotal()]).toEqual([0n, 0n]);
  });

  it("goes on after a crash: a torn tail is cut, numbers begin anew under a new name, nothing whole is lost", async () => {
    const { run, dir, clock, log } = createSpoolFolder();
    const first = await run();
    await first.pushFor(60);
    const [name = ""] = files(dir);
    const path = join(dir, name);
    const whole = statSync(path).size;
    appendFileSync(path, readFileSync(path).subarray(200, 290));
    const second = await run();
    expect(second.instanceId > first.instanceId).toBe(true);
    await settleDisk();
    expect(statSync(path).size).toBe(whole);
    expect(log.lines.map(({ sentence }) => sentence)).toContain(
      "File of the spool was torn by a crash: its end is cut.",
    );
    await second.pushFor(2);
    const reader = second.queue.reader(0);
    expect((await take(reader, clock)).sequences).toEqual([1n, 2n]);
    const kept = reader.findKept(ignore)!;
    expect(kept.hello).toMatchObject({ instanceId: first.instanceId, cluster: "prod-a", node: "m1" });
    const { sequences } = await take(kept, clock);
    expect(sequences).toEqual(range(1, sequences.length));
    expect(sequences.length).toBeGreaterThanOrEqual(50);
    expect([kept.firstSequence(), kept.lastSequence()]).toEqual([1n, BigInt(sequences.length)]);
    truncateSync(path, 40);
    const third = await run();
    await settleDisk();
    expect(third.queue.reader(0).findKept(ignore)).toBeUndefined();
    expect(files(dir)).toEqual([]);
  });

  it("writes what is not acknowledged at an orderly end, and the next run asks the collector what it has of it", async () => {
    const { run, dir } = createSpoolFolder();
    const first = await run();
    await first.pushFor(4);
    await first.queue.close();
    expect(files(dir)).toHaveLength(1);
    const second = await run();
    const kept = second.queue.reader(0).findKept(ignore)!;
    kept.welcome([{ first: 1n, last: 4n }]);
    expect(kept.next(4n)).toBeUndefined();
    expect(kept.isDone()).toBe(true);
    await settleDisk();
    expect(files(dir)).toEqual([]);
  });

  it("drops the oldest when the bound is reached, and tells the collector from when to when and how many", async () => {
    const { run, dir, clock, log } = createSpoolFolder();
    const startedMs = clock.nowMs();
    const { queue, pushFor } = await run({ maxBytes: 256 * 1024 });
    await pushFor(400, { isLarge: true });
    const bytes = files(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
    expect(bytes).toBeLessThanOrEqual(256 * 1024);
    expect(bytes).toBeGreaterThan(160 * 1024);
    const reader = queue.reader(0);
    const live = await take(reader, clock);
    const dropped = Number(reader.droppedTotal());
    expect(dropped).toBeGreaterThan(50);
    expect(live.frames.at(-1)).toMatchObject({
      droppedTotal: BigInt(dropped),
      loss: { frames: dropped, fromMs: startedMs, reason: "spool_full" },
    });
    expect(live.frames.at(-1)?.loss?.toMs).toBe(startedMs + (dropped - 1) * 1000);
    const brought = await take(reader.findKept(ignore)!, clock);
    expect([...brought.sequences, ...live.sequences]).toEqual(range(dropped + 1, 400));
    expect(log.lines.some(({ level }) => level === "error")).toBe(true);
  });

  it("drops what is older than it may be, by its own time and not by the wall clock's", async () => {
    const { run, clock } = createSpoolFolder();
    const { queue, pushFor } = await run({ maxAgeMs: 120_000, maxBytes: 1024 * 1024 });
    await pushFor(60);
    await clock.advance(200_000);
    await pushFor(30);
    const reader = queue.reader(0);
    const live = await take(reader, clock);
    expect(live.frames.at(-1)?.loss).toMatchObject({ reason: "too_old" });
    expect(Number(reader.droppedTotal())).toBeGreaterThan(40);
  });

  it("asks a collector what it has of an earlier run before it tells that frames of it are lost", async () => {
    const { run, dir } = createSpoolFolder();
    const first = await run({ collectors: 2, maxBytes: 256 * 1024 });
    await first.pushFor(100, { isLarge: true });
    await first.queue.close();
    const second = await run({ collectors: 2, maxBytes: 64 * 1024 });
    const [near, far] = [second.queue.reader(0), second.queue.reader(1)];
    expect(files(dir).length).toBeGreaterThan(0);
    expect([near.droppedTotal(), far.droppedTotal()]).toEqual([0n, 0n]);
    const ofNear = near.findKept(ignore)!;
    expect(ofNear.hello.instanceId).toBe(first.instanceId);
    ofNear.welcome([{ first: 1n, last: 100n }]);
    expect(near.droppedTotal()).toBe(0n);
    expect(ofNear.isDone()).toBe(true);
    expect(near.findKept(ignore)).toBeUndefined();
    const ofFar = far.findKept(ignore)!;
    const missing = Number(ofFar.firstSequence()) - 1;
    expect(missing).toBeGreaterThan(10);
    ofFar.welcome([{ first: 1n, last: 7n }]);
    expect(far.droppedTotal()).toBe(BigInt(missing - 7));
    expect(far.next(0n)).toBeUndefined();
    await second.pushFor(1);
    expect(far.next(0n)).toMatchObject({ frame: { loss: { frames: missing - 7, reason: "spool_full" } } });
    expect(near.next(0n)).toMatchObject({ frame: { droppedTotal: 0n } });
  });

  it("asks also where nothing is left of the earlier run", async () => {
    const { run, dir } = createSpoolFolder();
    const first = await run();
    await first.pushFor(20);
    await first.queue.close();
    const second = await run({ maxBytes: 100 });
    await settleDisk();
    expect(files(dir)).toEqual([]);
    const reader = second.queue.reader(0);
    const asking = reader.findKept(ignore)!;
    expect(asking.hello.instanceId).toBe(first.instanceId);
    expect([asking.firstSequence(), asking.isDone()]).toEqual([0n, false]);
    asking.welcome([{ first: 1n, last: 15n }]);
    expect(asking.isDone()).toBe(true);
    expect(reader.droppedTotal()).toBe(5n);
    expect(reader.findKept(ignore)).toBeUndefined();
  });

  it("leaves another agent's frames alone, and what is no spool at all", async () => {
    const { run, dir } = createSpoolFolder();
    const other = createSpoolFolder();
    const foreign = await other.run();
    await foreign.pushFor(20);
    const [name = ""] = files(other.dir);
    const bytes = readFileSync(join(other.dir, name));
    // the same frames under another node's name
    const renamed = Buffer.from(bytes.toString("latin1").replace("m1", "m9"), "latin1");
    writeFileSync(join(dir, name), renamed);
    writeFileSync(join(dir, "notes.txt"), "mine");
    const { queue } = await run();
    await settleDisk();
    expect(queue.reader(0).findKept(ignore)).toBeUndefined();
    expect(readdirSync(dir)).toContain("notes.txt");
  });

  it("waits in memory while the disk takes nothing, tells what it lost, and goes on when the disk does", async () => {
    const { run, dir, clock, log } = createSpoolFolder();
    const real = createSpoolFiles(dir);
    const state = { isBroken: true };
    const broken = (): Promise<never> =>
      Promise.reject(new EtcdscopeError("STORAGE_FULL", "No space", { reason: "no_space" }));
    const { queue, pushFor } = await run({
      files: { ...real, append: (...args) => (state.isBroken ? broken() : real.append(...args)) },
    });
    await pushFor(60);
    expect(queue.size()).toBe(60);
    expect(files(dir)).toEqual([]);
    expect(log.lines.filter(({ level }) => level === "warn")).toHaveLength(1);
    state.isBroken = false;
    await pushFor(20);
    expect(files(dir)).toHaveLength(1);
    const reader = queue.reader(0);
    const live = await take(reader, clock);
    const brought = await take(reader.findKept(ignore)!, clock);
    expect([...brought.sequences, ...live.sequences]).toEqual(range(1, 80));
    expect(reader.droppedTotal()).toBe(0n);
  });
});

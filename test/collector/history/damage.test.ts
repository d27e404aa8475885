import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCompactor } from "../../../collector/history/compactor.ts";
import { openDatabase, openForReading } from "../../../collector/history/database.ts";
import { createHistory, type History } from "../../../collector/history/history.ts";
import { createWriter } from "../../../collector/history/writer.ts";
import { systemClock, type Clock } from "../../../shared/clock.ts";
import { createTestLog, receivedFrame, testFrame } from "../ingest/test-frames.ts";
import { waitFor } from "../../lab/wait-for.ts";
import { damagePage } from "./damage-pages.ts";
import { copyFixture, type FixtureCopy } from "./v1-fixture.ts";

/** Pauses of maintenance and of restarts are a hundred times as short; limits of calls are as they are. */
const hurriedClock: Clock = {
  ...systemClock,
  after: (delayMs, call) => systemClock.after(delayMs > 10_000 ? delayMs : delayMs / 100, call),
};
const M1 = { cluster: "prod-a", node: "m1" };

let folder: string;
let path: string;
let history: History | undefined;
let fixture: FixtureCopy | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "etcdscope-damage-"));
  path = join(folder, "history.db");
});

afterEach(async () => {
  await history?.close();
  history = undefined;
  fixture?.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function open(file: string, options: { clock?: Clock; rawMs?: number } = {}): Promise<History> {
  const opened = createHistory({
    path: file,
    rawMs: options.rawMs ?? 1e13,
    rollupsMs: 1e13,
    maxBytes: 1e9,
    clock: options.clock ?? systemClock,
    log: createTestLog(),
  });
  history = opened;
  await opened.start();
  return opened;
}

/** Hundreds of frames that landed, of one node after the other. */
async function writeLanded(nodes: readonly string[]): Promise<void> {
  const opened = await open(path);
  for (const node of nodes) {
    await opened.append(
      Array.from({ length: 300 }, (_, i) =>
        receivedFrame(BigInt(i + 1), { agent: { cluster: "prod-a", node } }),
      ),
    );
  }
  await opened.close();
}

/** All of it may be thinned; its first block is as large as those of a whole hour. */
function copyUnkept(): FixtureCopy {
  const copy = copyFixture(5);
  const { db } = openDatabase({ path: copy.path, nowMs: 0, isKnownDamaged: false });
  db.exec(`DELETE FROM kept_span;
           UPDATE block_frames SET times = zeroblob(20000) WHERE block = (SELECT min(block) FROM block_frames)`);
  db.close();
  return copy;
}

const codes = (): readonly string[] => (history?.problems() ?? []).map(({ code }) => code);

describe("collector/history: a damaged page", { timeout: 120_000 }, () => {
  it("of the landing area: the file is put aside when compaction meets it, and a new one kept small", async () => {
    await writeLanded(["m1"]);
    damagePage(path, { table: "frame", type: "leaf", place: 0.5, fill: 0xff });
    const opened = await open(path, { clock: hurriedClock });
    await waitFor("it is told", () => codes().includes("DAMAGED_FILE_SET_ASIDE"), { timeoutMs: 30_000 });
    expect(readdirSync(folder).filter((name) => name.includes(".damaged-"))).not.toEqual([]);
    const append = async (): Promise<boolean> =>
      opened.append([1n, 2n].map((sequence) => receivedFrame(sequence))).then(
        () => true,
        () => false,
      );
    await waitFor("it is written again", append, { timeoutMs: 30_000 });
    const isCompacted = (): boolean => {
      const db = openForReading(path);
      const blocks = db.prepare("SELECT count(*) FROM block").pluck().get();
      db.close();
      return blocks === 1;
    };
    await waitFor("it is compacted again", isCompacted, { timeoutMs: 30_000 });
    expect(codes()).toEqual(["DAMAGED_FILE_SET_ASIDE"]);
  });

  it("of what the writer asks for at a stream's start: the file is put aside too", async () => {
    await writeLanded(["m1"]);
    damagePage(path, { table: "held_range", type: "leaf", place: 0, fill: 0xff });
    const opened = await open(path);
    await expect(opened.heldSequences(M1, "run-1")).rejects.toMatchObject({ code: "STORAGE_CORRUPT" });
    await waitFor("it is told", () => codes().includes("DAMAGED_FILE_SET_ASIDE"), { timeoutMs: 30_000 });
    await waitFor(
      "it answers again",
      async () =>
        opened.heldSequences(M1, "run-1").then(
          (ranges) => ranges.length === 0,
          () => false,
        ),
      { timeoutMs: 30_000 },
    );
  });

  it("of a block: it is told and passed over, what is beside it is thinned and can be read", async () => {
    fixture = copyUnkept();
    damagePage(fixture.path, { table: "block_frames", type: "overflow", place: 0, fill: 0 });
    const opened = await open(fixture.path);
    await expect(opened.frames("lab", 0, 2e12)).rejects.toMatchObject({ code: "STORAGE_CORRUPT" });
    expect(codes()).toEqual(["PART_UNREADABLE"]);
    await opened.close();

    const file = fixture.path;
    await open(file, { clock: hurriedClock, rawMs: 0 });
    const blocks = (): unknown => {
      const db = openForReading(file);
      const left = db.prepare("SELECT count(*) FROM block WHERE detail = 2").pluck().get();
      db.close();
      return left;
    };
    await waitFor("all others are thinned", () => blocks() === 1, { timeoutMs: 30_000 });
    await waitFor("it is told", () => codes().includes("PART_UNREADABLE"), { timeoutMs: 30_000 });
    expect(codes()).toEqual(["PART_UNREADABLE"]);
    expect(existsSync(file)).toBe(true);
    expect(await history?.append([receivedFrame(1n)])).toBeUndefined();
    expect(readdirSync(join(file, "..")).filter((name) => name.includes(".damaged-"))).toEqual([]);
  });
});

describe("collector/history/compactor", { timeout: 120_000 }, () => {
  it("goes on to the next agent when the rows of one cannot be read, and says so once", async () => {
    await writeLanded(["m1", "m2"]);
    damagePage(path, { table: "frame", type: "leaf", place: 0.75, fill: 0xff });
    const { db } = openDatabase({ path, nowMs: 0, isKnownDamaged: false });
    const compactor = createCompactor(db);
    const request = {
      nowMs: systemClock.nowMs(),
      framesBeforeMs: 0,
      aroundMs: 0,
      isShort: false,
      mayPack: false,
    };
    const work = compactor.plan(request);
    expect(work).toMatchObject({ kind: "compact", agent: 1, frames: 300 });
    expect(compactor.takeTroubles()).toMatchObject([
      { kind: "compact", code: "STORAGE_CORRUPT", reason: "corrupt" },
    ]);
    // until a while later, when it is tried again
    db.exec("DELETE FROM frame WHERE agent = 1");
    expect(compactor.plan(request)).toBeUndefined();
    expect(compactor.plan(request)).toBeUndefined();
    expect(compactor.takeTroubles()).toEqual([]);
    compactor.plan({ ...request, nowMs: request.nowMs + 3_600_000 });
    expect(compactor.takeTroubles()).toHaveLength(1);
    db.close();
  });

  it("thins a block whose frames are gone to nothing, and goes on", () => {
    fixture = copyUnkept();
    const { db } = openDatabase({ path: fixture.path, nowMs: 0, isKnownDamaged: false });
    db.exec("DELETE FROM block_frames WHERE block = (SELECT min(block) FROM block_frames)");
    const writer = createWriter(db);
    const compactor = createCompactor(db);
    const nowMs = testFrame(1n).capturedAtMs + 1e12;
    for (let step = 0; step < 20; step += 1) {
      const work = compactor.plan({
        nowMs,
        framesBeforeMs: nowMs,
        aroundMs: 0,
        isShort: false,
        mayPack: false,
      });
      if (work !== undefined) {
        writer.store(work);
      }
    }
    expect(db.prepare("SELECT count(*) FROM block WHERE detail = 2").pluck().get()).toBe(0);
    db.close();
  });
});

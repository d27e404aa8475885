import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCompactor } from "../../../collector/history/compactor.ts";
import { openDatabase, openForReading, type Db } from "../../../collector/history/database.ts";
import { createFactChanges } from "../../../collector/history/fact-changes.ts";
import { packFrames, unpackFrames } from "../../../collector/history/frame-batch.ts";
import { createNameDictionary } from "../../../collector/history/name-dictionary.ts";
import { unpackTrends } from "../../../collector/history/packed-trends.ts";
import { createReader, type Reader } from "../../../collector/history/reader.ts";
import { createSeenSeries } from "../../../collector/history/seen-series.ts";
import type { FrameBatch } from "../../../collector/history/worker-protocol.ts";
import { createWriter, type Writer } from "../../../collector/history/writer.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { ReceivedFrame } from "../../../shared/frame.ts";
import { receivedFrame, testFrame } from "../ingest/test-frames.ts";
import { copyFixture, type FixtureCopy } from "./v1-fixture.ts";

const HOUR = 3_600_000;
/** Begins an hour. */
const START_MS = Math.floor(1_700_000_000_000 / HOUR) * HOUR;
const METRIC = "etcdscope_status_duration_seconds";

let fixture: FixtureCopy;
let db: Db;
let readDb: Db;
let writer: Writer;
let reader: Reader;
let compactor: ReturnType<typeof createCompactor>;

beforeEach(() => {
  fixture = copyFixture();
  const path = `${fixture.path}-new`;
  ({ db } = openDatabase({ path, nowMs: 0, isKnownDamaged: false }));
  readDb = openForReading(path);
  writer = createWriter(db);
  reader = createReader(readDb, systemClock);
  compactor = createCompactor(readDb);
});

afterEach(() => {
  readDb.close();
  db.close();
  fixture.remove();
});

const number = (sql: string): number => Number(db.prepare(sql).pluck().get());
const atMs = (second: number): number => START_MS + second * 1000;

/** A frame a second; its sequence is its second plus one, its sample that second. */
function madeFrame(second: number, receivedAtMs = atMs(second) + 3, node = "m1"): ReceivedFrame {
  const sequence = BigInt(second + 1);
  const frame = testFrame(sequence, {
    capturedAtMs: atMs(second),
    samples: [{ key: METRIC, value: second }],
    facts: [],
    events: [],
    keyframe: false,
    clockOffset: undefined,
  });
  return receivedFrame(sequence, { agent: { cluster: "lab", node }, receivedAtMs, frame });
}

function append(frames: readonly ReceivedFrame[]): void {
  const dictionary = createNameDictionary(writer.names());
  const context = { dictionary, seenSeries: createSeenSeries(), factChanges: createFactChanges() };
  const packed = packFrames(frames, context);
  writer.append({ ...packed, names: dictionary.unconfirmed() });
}

const seconds = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const land = (from: number, to: number): void => append(seconds(from, to).map((second) => madeFrame(second)));

/** All there is to do then. */
function work(second: number): readonly string[] {
  const request = { nowMs: atMs(second), framesBeforeMs: 0, aroundMs: 0, isShort: false, mayPack: true };
  const done: string[] = [];
  for (;;) {
    const next = compactor.plan(request) ?? compactor.plan(request);
    if (next === undefined) {
      return done;
    }
    writer.store(next);
    done.push(next.kind);
  }
}

const unpack = (batch: FrameBatch): readonly ReceivedFrame[] =>
  unpackFrames(batch, createNameDictionary(writer.names())).frames;

function framesOf(fromMs = 0, toMs = 2e12): readonly ReceivedFrame[] {
  const all: ReceivedFrame[] = [];
  for (let next: number | undefined = fromMs; next !== undefined;) {
    const page = reader.readSpan({ cluster: "lab", fromMs: next, toMs });
    all.push(...unpack(page.batch));
    next = page.nextMs;
  }
  return all;
}

/** The same reader is asked every time: it keeps what it has read. */
function trend(): readonly unknown[] {
  const span = { fromMs: START_MS, toMs: START_MS + 2 * HOUR };
  const query = { cluster: "lab", metric: METRIC, node: "m1", ...span, points: 7200 };
  return unpackTrends(reader.series(query))[0]?.points ?? [];
}

const packs = (): readonly unknown[] =>
  db.prepare("SELECT frames FROM landed_pack ORDER BY from_ms").pluck().all();
const rows = (): number => number("SELECT count(*) FROM frame");

describe("collector/history/pack-planner", { timeout: 60_000 }, () => {
  it("packs what has been there for some minutes, and gives back frames and trends as they were", () => {
    land(0, 400);
    expect(work(260)).toEqual([]);
    const before = framesOf();
    const points = trend();
    expect(work(331)).toEqual(["pack"]);
    expect(rows()).toBe(400 - 301);
    expect(framesOf()).toEqual(before);
    expect(framesOf(atMs(100), atMs(110))).toEqual(before.slice(100, 110));
    expect(framesOf(atMs(295), atMs(305))).toEqual(before.slice(295, 305));
    expect(trend()).toEqual(points);
    expect(reader.lastFrames()).toEqual([{ cluster: "lab", node: "m1", atMs: atMs(399) }]);
  });

  it("joins packs of about the same size, within their hour", () => {
    for (let second = 0; second < 4200; second += 300) {
      land(second, second + 300);
      work(second + 330);
    }
    expect(
      number("SELECT sum(frames) FROM landed_pack") + rows() + number("SELECT sum(frames) FROM block"),
    ).toBe(4200);
    expect(packs().length).toBeLessThanOrEqual(3);
    expect(number(`SELECT count(*) FROM landed_pack WHERE from_ms / ${HOUR} <> to_ms / ${HOUR}`)).toBe(0);
    expect(framesOf().map(({ frame }) => Number(frame.sequence))).toEqual(seconds(1, 4201));
  });

  it("makes the same block of an hour that was packed as of one that was not", () => {
    land(0, 3601);
    for (let second = 0; second < 3600; second += 300) {
      work(second + 331);
    }
    const before = framesOf();
    expect(packs().length).toBeGreaterThan(0);
    expect(work(3900)).toContain("compact");
    expect(number("SELECT count(*) FROM block")).toBe(1);
    expect(number("SELECT frames FROM block")).toBe(3600);
    expect(packs()).toEqual([]);
    expect(framesOf()).toEqual(before);
  });

  it("keeps what comes late to a packed span, in its place", () => {
    append(
      seconds(0, 400)
        .filter((second) => second % 2 === 0)
        .map((second) => madeFrame(second)),
    );
    work(340);
    append(
      seconds(0, 200)
        .filter((second) => second % 2 === 1)
        .map((second) => madeFrame(second, atMs(401))),
    );
    append([madeFrame(401)]);
    const sequences = seconds(0, 400).filter((second) => second % 2 === 0 || second < 200);
    const isThere = (): void => {
      expect(framesOf().map(({ frame }) => Number(frame.sequence) - 1)).toEqual([...sequences, 401]);
      expect(trend()).toHaveLength(sequences.length + 1);
    };
    isThere();
    expect(work(800)).toContain("pack");
    isThere();
    work(3900);
    isThere();
    expect(number("SELECT sum(frames) FROM block")).toBe(sequences.length + 1);
  });

  it("knows a packed frame when it comes again", () => {
    land(0, 400);
    work(400);
    const before = framesOf();
    land(0, 400);
    writer = createWriter(db);
    land(0, 400);
    expect(framesOf()).toEqual(before);
  });

  it("answers trends right while rows are packed, land and are compacted between two looks", () => {
    for (let second = 0; second < 4800; second += 150) {
      land(second, second + 150);
      if (second % 450 !== 0) {
        expect(trend()).toHaveLength(second + 150);
      }
      work(second + 150);
      if (second % 600 === 0) {
        expect(trend()).toHaveLength(second + 150);
      }
    }
    expect(number("SELECT count(*) FROM block")).toBe(1);
    expect(trend()).toMatchObject(
      seconds(0, 4800).map((second) => ({ last: second, min: second, max: second })),
    );
  });

  it("gives back what was received lately from packs too", () => {
    land(0, 400);
    work(400);
    const { rows: ids, packs: found, blocks } = reader.selectReceived(atMs(200));
    const all = [
      ...[...found].flatMap((pack) => unpack(reader.readPack(pack))),
      ...unpack(reader.readRows(ids)),
    ];
    expect(blocks).toHaveLength(0);
    expect(all.map(({ frame }) => Number(frame.sequence))).toEqual(seconds(1, 401));
    expect(reader.selectReceived(atMs(398)).packs).toHaveLength(0);
  });

  it("leaves a pack that cannot be read out of its hour's block, says so, and goes on with the rest", () => {
    land(0, 400);
    work(340);
    db.exec("UPDATE landed_pack SET blob = x'0011'");
    land(400, 3601);
    expect(() => framesOf()).toThrow("Expected");
    expect(work(700)).toContain("pack");
    expect(packs().length).toBe(2);
    const request = { nowMs: atMs(3900), framesBeforeMs: 0, aroundMs: 0, isShort: false, mayPack: true };
    const block = compactor.plan(request);
    expect(block).toMatchObject({
      kind: "compact",
      unreadable: expect.stringContaining("of 3600 frames") as string,
    });
    writer.store(block!);
    expect(packs()).toEqual([]);
    expect(framesOf().length).toBe(
      3601 - Number(/^\d+/.exec(String((block as { unreadable?: string }).unreadable))?.[0]),
    );
  });

  it("compacts an hour that is over before it packs anything, and packs agent after agent", () => {
    append(seconds(0, 100).map((second) => madeFrame(second)));
    append(seconds(3600, 4000).map((second) => madeFrame(second, atMs(second), "m2")));
    append(seconds(3600, 4000).map((second) => madeFrame(second, atMs(second), "m3")));
    expect(work(4000)).toEqual(["compact", "pack", "pack"]);
    expect(rows()).toBeGreaterThan(0);
  });

  it("packs a backlog in steps, so that commits need not wait", () => {
    land(0, 3500);
    const work1 = compactor.plan({
      nowMs: atMs(3550),
      framesBeforeMs: 0,
      aroundMs: 0,
      isShort: false,
      mayPack: true,
    });
    expect(work1).toMatchObject({ kind: "pack", frames: 600 });
    expect(work(3550).every((kind) => kind === "pack")).toBe(true);
    expect(rows()).toBe(1);
  });

  it("loses packs, oldest first, and then rows when the file is too large", () => {
    land(0, 400);
    work(400);
    writer.retain({ beforeMs: 0, maxBytes: 0, mayLose: true });
    expect(packs()).toEqual([]);
    expect(rows()).toBeGreaterThan(0);
    writer.retain({ beforeMs: 0, maxBytes: 0, mayLose: true });
    expect(rows()).toBe(0);
  });

  it("keeps a run of which frames wait in a pack", () => {
    land(0, 400);
    work(430);
    db.exec("DELETE FROM frame");
    writer.retain({ beforeMs: 2e12, maxBytes: 1e9, mayLose: false });
    expect(number("SELECT count(*) FROM instance")).toBe(1);
    db.exec("DELETE FROM landed_pack");
    writer.retain({ beforeMs: 2e12, maxBytes: 1e9, mayLose: false });
    expect(number("SELECT count(*) FROM instance")).toBe(0);
  });
});

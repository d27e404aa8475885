import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCompactor } from "../../../collector/history/compactor.ts";
import { openDatabase, openForReading, type Db } from "../../../collector/history/database.ts";
import { createFactChanges } from "../../../collector/history/fact-changes.ts";
import { packFrames, unpackFrames } from "../../../collector/history/frame-batch.ts";
import { createNameDictionary } from "../../../collector/history/name-dictionary.ts";
import { createReader, type Reader } from "../../../collector/history/reader.ts";
import { unpackTrends } from "../../../collector/history/packed-trends.ts";
import { createSeenSeries } from "../../../collector/history/seen-series.ts";
import type { PlanRequest, Work } from "../../../collector/history/worker-protocol.ts";
import { createWriter, type Writer } from "../../../collector/history/writer.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { ReceivedFrame } from "../../../shared/frame.ts";
import type { SeriesPoint } from "../../../shared/rest.ts";
import { copyFixture, FIXTURE, type FixtureCopy } from "./v1-fixture.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let fixture: FixtureCopy;
let db: Db;
let readDb: Db;
let writer: Writer;
let reader: Reader;
let firstMs: number;
let lastMs: number;

beforeEach(() => {
  fixture = copyFixture();
  ({ db } = openDatabase({ path: fixture.path, nowMs: 0, isKnownDamaged: false }));
  writer = createWriter(db);
  readDb = openForReading(fixture.path);
  reader = createReader(readDb, systemClock);
  firstMs = number("SELECT min(captured_ms) FROM frame");
  lastMs = number("SELECT max(captured_ms) FROM frame");
});

afterEach(() => {
  readDb.close();
  db.close();
  fixture.remove();
});

function number(sql: string): number {
  return Number(db.prepare(sql).pluck().get());
}

/** Does all there is to do at that time; the kinds of work done, in order. */
function work(overrides: Partial<PlanRequest> = {}): string[] {
  const compactor = createCompactor(readDb);
  const request = {
    nowMs: lastMs + 2 * HOUR,
    framesBeforeMs: 0,
    aroundMs: 0,
    isShort: false,
    mayPack: false,
    ...overrides,
  };
  const done: string[] = [];
  for (;;) {
    const next: Work | undefined = compactor.plan(request) ?? compactor.plan(request);
    if (next === undefined) {
      return done;
    }
    writer.store(next);
    done.push(next.kind);
  }
}

function framesOf(fromMs: number, toMs: number): ReceivedFrame[] {
  const names = createNameDictionary(writer.names());
  const all: ReceivedFrame[] = [];
  let next: number | undefined = fromMs;
  while (next !== undefined) {
    const page = createReader(readDb, systemClock).readSpan({ cluster: "lab", fromMs: next, toMs });
    all.push(...unpackFrames(page.batch, names).frames.map(inOrder));
    next = page.nextMs;
  }
  return all;
}

/** A block does not keep in which order a frame had its samples and probe runs. */
function inOrder(received: ReceivedFrame): ReceivedFrame {
  const { frame } = received;
  const samples = frame.samples.toSorted((one, other) => (one.key < other.key ? -1 : 1));
  const name = (run: { readonly probe: string; readonly target: string }): string =>
    `${run.probe}/${run.target}`;
  const probeRuns = frame.probeRuns.toSorted((one, other) => (name(one) < name(other) ? -1 : 1));
  return { ...received, frame: { ...frame, samples, probeRuns } };
}

function trend(metric: string, points: number, spanMs = lastMs + 1 - firstMs): readonly SeriesPoint[] {
  const query = { cluster: "lab", metric, node: "m1", fromMs: firstMs, toMs: firstMs + spanMs, points };
  return unpackTrends(reader.series(query))[0]?.points ?? [];
}

describe("collector/history/compactor", { timeout: 120_000 }, () => {
  it("leaves alone what landed within the hour", () => {
    expect(work({ nowMs: lastMs + 60_000 })).toEqual([]);
  });

  it("gives back real frames from blocks as they landed, and takes less than half of their room", () => {
    const before = framesOf(0, 2e12);
    const landedBytes = number("SELECT sum(length(blob)) FROM frame");
    expect(before).toHaveLength(FIXTURE.frames);
    expect(work().filter((kind) => kind === "compact").length).toBeGreaterThanOrEqual(3);
    expect(number("SELECT count(*) FROM frame")).toBe(0);
    expect(framesOf(0, 2e12)).toEqual(before);
    const bytes = number(
      "SELECT sum(length(times) + length(sample_values) + length(rest)) FROM block_frames",
    );
    expect(bytes).toBeLessThan(landedBytes / 2);
  });

  it("reads a part of a block, and what landed beside it", () => {
    const all = framesOf(0, 2e12);
    work();
    const fromMs = firstMs + 30_000;
    expect(framesOf(fromMs, fromMs + 10_000)).toEqual(
      all.filter(({ frame }) => frame.capturedAtMs >= fromMs && frame.capturedAtMs < fromMs + 10_000),
    );
  });

  it("has what a node recorded after its clock was set back at the time at which it happened, landed and compacted", () => {
    const setMs = -HOUR;
    const isOff = ({ frame }: ReceivedFrame): boolean => frame.clockOffset?.offsetUs === setMs * 1000;
    const shifted = framesOf(0, 2e12).map(({ frame, ...received }): ReceivedFrame => {
      const clockOffset = { offsetUs: setMs * 1000, roundTripUs: 400 };
      const capturedAtMs = frame.capturedAtMs + setMs;
      return { ...received, instanceId: "set back", frame: { ...frame, capturedAtMs, clockOffset } };
    });
    const dictionary = createNameDictionary(writer.names());
    const context = { dictionary, factChanges: createFactChanges(), seenSeries: createSeenSeries() };
    writer.append({ ...packFrames(shifted, context), names: { series: [], probes: [] } });

    const key = (one: ReceivedFrame): string => `${one.receivedAtMs} ${one.agent.node} ${one.frame.sequence}`;
    const byReceipt = (frames: readonly ReceivedFrame[]): readonly ReceivedFrame[] =>
      frames.filter(isOff).toSorted((one, other) => (key(one) < key(other) ? -1 : 1));
    const landed = framesOf(firstMs, lastMs + 1);
    expect(byReceipt(landed)).toEqual(byReceipt(shifted.map(inOrder)));
    work();
    expect(byReceipt(framesOf(firstMs, lastMs + 1))).toEqual(byReceipt(landed));
    expect(framesOf(firstMs + setMs, lastMs + setMs)).toEqual([]);
  });

  it("answers a trend from blocks as from what landed", () => {
    const metric = "etcdscope_status_duration_seconds";
    const before = trend(metric, 13);
    expect(before).toHaveLength(13);
    work();
    expect(trend(metric, 13)).toEqual(before);
  });

  it("knows a compacted frame when it comes again", () => {
    const frames = framesOf(0, 2e12);
    work();
    const dictionary = createNameDictionary(writer.names());
    const packed = packFrames(frames.slice(0, 50), {
      dictionary,
      seenSeries: createSeenSeries(),
      factChanges: createFactChanges(),
    });
    writer.append({ ...packed, names: dictionary.unconfirmed() });
    expect(number("SELECT count(*) FROM frame")).toBe(0);
  });

  it("keeps smallest and largest when full resolution gives way to minutes", () => {
    const metric = "etcdscope_status_duration_seconds";
    const [whole] = trend(metric, 1);
    work();
    expect(work({ framesBeforeMs: lastMs + 1 })).toContain("thin");
    expect(number("SELECT count(*) FROM block_frames")).toBe(0);
    expect(framesOf(0, 2e12)).toEqual([]);
    const [minutes] = trend(metric, 1);
    expect(minutes).toMatchObject({ min: whole!.min, max: whole!.max, last: whole!.last });
    expect(minutes!.mean).toBeCloseTo(whole!.mean, 6);
    expect(trend(metric, 100).length).toBeGreaterThanOrEqual(2);
  });

  it("answers a long span from quarters of an hour without losing a peak", () => {
    const metric = "etcdscope_status_duration_seconds";
    const [whole] = trend(metric, 1);
    work();
    db.exec("DELETE FROM block_frames");
    const points = trend(metric, 10, 30 * DAY);
    expect(Math.max(...points.map(({ max }) => max))).toBe(whole!.max);
    expect(Math.min(...points.map(({ min }) => min))).toBe(whole!.min);
  });

  it("merges a day's quarters of an hour once the day is over", () => {
    work();
    const row = db.prepare<[], Record<string, unknown>>("SELECT * FROM rollup WHERE agent = 1").get()!;
    db.prepare("INSERT INTO rollup (agent, width_ms, from_ms, to_ms, rollups) VALUES (1, ?, ?, ?, ?)").run(
      row["width_ms"],
      Number(row["from_ms"]) + 1,
      row["to_ms"],
      row["rollups"],
    );
    const before = trend("etcdscope_status_duration_seconds", 10, 30 * DAY);
    expect(work({ nowMs: lastMs + 2 * DAY })).toEqual(["merge"]);
    expect(number("SELECT count(*) FROM rollup WHERE agent = 1")).toBe(1);
    expect(trend("etcdscope_status_duration_seconds", 10, 30 * DAY)).toEqual(before);
  });

  it("merges some of a day that goes on, not a row at a time", () => {
    work();
    const dayMs = Math.floor(lastMs / DAY) * DAY;
    const rows = (): number => number(`SELECT count(*) FROM rollup WHERE agent = 1 AND from_ms >= ${dayMs}`);
    const add = db.prepare(
      `INSERT INTO rollup (agent, width_ms, from_ms, to_ms, rollups)
       SELECT agent, width_ms, from_ms + ?, to_ms + ?, rollups FROM rollup WHERE agent = 1 ORDER BY id LIMIT 1`,
    );
    for (let row = rows(); row < 6; row += 1) {
      add.run(row, row);
    }
    expect(work()).toEqual([]);
    add.run(100, 100);
    expect(work()).toEqual(["merge"]);
    expect(rows()).toBe(1);
  });

  it("keeps full resolution around what is kept, with the margin", () => {
    writer.keepSpan("lab", lastMs + 5 * HOUR, lastMs + 6 * HOUR);
    work();
    const request = { framesBeforeMs: lastMs + 1, aroundMs: 5 * HOUR + 200_000 };
    expect(work(request)).toEqual([]);
    expect(work({ ...request, isShort: true })).toEqual([]);
    expect(work({ ...request, aroundMs: 4 * HOUR })).toContain("thin");
  });

  it("thins whatever its age when the file is too large", () => {
    expect(work({ isShort: true })).toContain("thin");
  });

  it("passes over a block that cannot be read, and says so", () => {
    work();
    db.prepare("UPDATE block_frames SET sample_values = x'00112233'").run();
    const compactor = createCompactor(readDb);
    const next = compactor.plan({
      nowMs: lastMs + 2 * HOUR,
      framesBeforeMs: lastMs + 1,
      aroundMs: 0,
      isShort: false,
      mayPack: false,
    });
    expect(next).toMatchObject({ kind: "thin", unreadable: expect.stringContaining("Expected") as string });
  });
});

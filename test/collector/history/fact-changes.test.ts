import { create } from "@bufbuild/protobuf";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDatabase, type Db } from "../../../collector/history/database.ts";
import { createFactChanges } from "../../../collector/history/fact-changes.ts";
import { packFrames } from "../../../collector/history/frame-batch.ts";
import { createNameDictionary } from "../../../collector/history/name-dictionary.ts";
import { createSeenSeries } from "../../../collector/history/seen-series.ts";
import { createWriter } from "../../../collector/history/writer.ts";
import type { ReceivedFrame } from "../../../shared/frame.ts";
import { FactSchema, type Fact } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { receivedFrame, testFrame } from "../ingest/test-frames.ts";

let folder: string;
let db: Db;
let append: (frames: readonly ReceivedFrame[]) => void;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "etcdscope-facts-"));
  ({ db } = openDatabase({ path: join(folder, "history.db"), nowMs: 0, isKnownDamaged: false }));
  const writer = createWriter(db);
  const dictionary = createNameDictionary(writer.names());
  const context = { dictionary, seenSeries: createSeenSeries(), factChanges: createFactChanges() };
  append = (frames) => {
    const packed = packFrames(frames, context);
    const names = dictionary.unconfirmed();
    writer.append({ ...packed, names });
    dictionary.confirm(names);
  };
});

afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

/** pid 0: the fact is gone. */
function fact(key: string, pid: number): Fact {
  return create(FactSchema, { key, removed: pid === 0, body: { case: "process", value: { pid } } });
}

/** A frame with one second a sequence; a keyframe unless it says what changed. */
function frame(run: string, sequence: number, facts: readonly Fact[], isKeyframe = true): ReceivedFrame {
  const made = testFrame(BigInt(sequence), {
    capturedAtMs: sequence * 1000,
    keyframe: isKeyframe,
    facts: [...facts],
    events: [],
    clockOffset: undefined,
  });
  return receivedFrame(BigInt(sequence), { instanceId: run, frame: made });
}

/** From, to and pid of each row of a fact, in seconds. */
function rowsOf(key: string): readonly (readonly [number, number | null])[] {
  return db
    .prepare<[string], { from: number; to: number | null }>(
      `SELECT valid_from / 1000 AS "from", valid_to / 1000 AS "to" FROM fact WHERE key = ? ORDER BY valid_from`,
    )
    .all(key)
    .map(({ from, to }) => [from, to] as const);
}

const A = fact("a", 1);
const B = fact("b", 1);

describe("collector/history/fact-changes: frames that come late", () => {
  it.each([
    [
      "a keyframe of an earlier run without it",
      frame("one", 300, [B]),
      [
        [1, 300],
        [600, null],
      ],
    ],
    [
      "an earlier run's word that it is gone",
      frame("one", 300, [fact("a", 0)], false),
      [
        [1, 300],
        [600, null],
      ],
    ],
    [
      "an earlier run's other value",
      frame("one", 300, [fact("a", 2)], false),
      [
        [1, 300],
        [300, 600],
        [600, null],
      ],
    ],
    ["an earlier run's keyframe that says the same", frame("one", 300, [A, B]), [[1, null]]],
  ])("%s counts until the later run's first keyframe", (_, late, expected) => {
    append([frame("one", 1, [A, B]), frame("two", 600, [A, B]), frame("two", 601, [], false)]);
    append([late]);
    append([frame("two", 660, [A, B])]);
    expect(rowsOf("a")).toEqual(expected);
    expect(rowsOf("b")).toEqual([[1, null]]);
  });

  it("does not go on with what a later run knew to be gone", () => {
    append([frame("one", 1, [A, B]), frame("two", 600, [B])]);
    append([frame("one", 300, [fact("a", 2), B]), frame("one", 400, [fact("c", 1)], false)]);
    append([frame("two", 660, [B])]);
    expect(rowsOf("a")).toEqual([
      [1, 300],
      [300, 600],
    ]);
    expect(rowsOf("c")).toEqual([[400, 600]]);
  });

  it("keeps what the frames of a gap say to the gap", () => {
    append([frame("one", 1, [A, B]), frame("one", 600, [A, B]), frame("one", 601, [], false)]);
    append([frame("one", 300, [B]), frame("one", 350, [fact("a", 2)], false), frame("one", 400, [A, B])]);
    append([frame("one", 660, [A, B])]);
    // what held again at 400 is what still holds
    expect(rowsOf("a")).toEqual([
      [1, 300],
      [350, 400],
      [400, null],
    ]);
    expect(rowsOf("b")).toEqual([[1, null]]);
  });

  it("takes a run that begins after another for the present", () => {
    append([frame("one", 1, [A, B]), frame("two", 600, [B])]);
    expect(rowsOf("a")).toEqual([[1, 600]]);
    append([frame("two", 601, [A], false)]);
    expect(rowsOf("a")).toEqual([
      [1, 600],
      [601, null],
    ]);
  });
});

describe("collector/history/document-writer", () => {
  const documents = (): unknown => db.prepare("SELECT uses FROM document ORDER BY id").pluck().all();

  it("keeps once what comes and goes, with each time in which it held", () => {
    for (const second of [1, 3, 5]) {
      append([frame("one", second, [A]), frame("one", second + 1, [])]);
    }
    expect(rowsOf("a")).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(documents()).toEqual([3]);
  });

  it("tells apart what differs, also by its key", () => {
    append([frame("one", 1, [A, B]), frame("one", 2, [fact("a", 2), B]), frame("one", 3, [A, B])]);
    expect(documents()).toEqual([2, 1, 1]);
  });

  it("removes a document with the last fact that says it", () => {
    append([frame("one", 1, [A]), frame("one", 2, []), frame("one", 3, [A, B])]);
    db.exec("DELETE FROM fact WHERE valid_to IS NOT NULL");
    expect(documents()).toEqual([1, 1]);
    db.exec("DELETE FROM fact");
    expect(documents()).toEqual([]);
  });
});

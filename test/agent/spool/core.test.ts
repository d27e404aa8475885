/** The spool's pure parts: records and torn tails, what goes to disk when, what is dropped, what is told as lost. */
import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createInstanceId } from "../../../agent/spool/instance-id.ts";
import { addLoss, hearLoss, NO_LOSS, tellLoss } from "../../../agent/spool/loss.ts";
import { isOverHardLimit, planSpill, SPILL } from "../../../agent/spool/plan-spill.ts";
import { encodeHeader, encodeRecord, scanSegment } from "../../../agent/spool/record.ts";
import { freeSpaceFloor, planDrops, segmentBytes, type Segment } from "../../../agent/spool/segments.ts";
import { HelloSchema } from "../../../shared/gen/etcdscope/v1/stream_pb.js";

const MIB = 2 ** 20;
const hello = create(HelloSchema, { cluster: "prod-a", node: "m1", instanceId: "1790000000000-a" });

function segmentOf(...sequences: readonly number[]): Buffer {
  const records = sequences.map((sequence) =>
    encodeRecord({
      sequence: BigInt(sequence),
      capturedAtMs: sequence * 1000,
      hasClockOffset: sequence % 2 === 0,
      defines: sequence % 3 === 0,
      frame: Buffer.alloc(sequence % 50, sequence),
    }),
  );
  return Buffer.concat([encodeHeader(hello), ...records]);
}

describe("agent/spool/record", () => {
  it("gives back what was written, with who wrote it", () => {
    const scanned = scanSegment(segmentOf(7, 8, 9));
    expect(scanned.hello).toEqual(hello);
    expect(scanned.records.map(({ sequence, capturedAtMs }) => [sequence, capturedAtMs])).toEqual([
      [7n, 7000],
      [8n, 8000],
      [9n, 9000],
    ]);
    expect(scanned.records.map(({ hasClockOffset, defines }) => [hasClockOffset, defines])).toEqual([
      [false, false],
      [true, false],
      [false, true],
    ]);
    expect([...(scanned.records[1]?.frame ?? [])]).toEqual(Array(8).fill(8));
  });

  it("cuts a tail that is torn anywhere, and keeps every whole record before it", () => {
    const whole = segmentOf(1, 2, 3, 4, 5);
    const ends = [1, 2, 3, 4, 5].map((count) => segmentOf(...[1, 2, 3, 4, 5].slice(0, count)).length);
    const headEnd = encodeHeader(hello).length;
    for (let length = 0; length <= whole.length; length += 1) {
      const { records, validBytes } = scanSegment(whole.subarray(0, length));
      expect(records).toHaveLength(ends.filter((end) => end <= length).length);
      expect(validBytes).toBe(
        Math.max(length >= headEnd ? headEnd : 0, ...ends.filter((end) => end <= length)),
      );
    }
  });

  it("takes no damaged record for a frame, and never throws, whatever the bytes", () => {
    const whole = segmentOf(11, 12, 13);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        const good = scanSegment(whole).records;
        const { records, validBytes } = scanSegment(bytes);
        expect(validBytes).toBeLessThanOrEqual(at);
        expect(records).toEqual(good.slice(0, records.length));
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(scanSegment(Buffer.from(bytes)).records).toEqual([]);
      }),
    );
  });
});

describe("agent/spool/plan-spill", () => {
  const ages = (...agesS: readonly number[]) => ({
    frames: agesS.length,
    bytes: 1000,
    ageMs: (place: number) => (agesS[place] ?? 0) * 1000,
  });

  it.each([
    ["nothing waits", ages(), 0],
    ["frames wait for a moment", ages(3, 2, 1, 0), 0],
    ["a collector has been away for 9 s", ages(9, 8, 7, 6, 5), 0],
    ["it has been away for 11 s: all but the last 5 s", ages(11, 9, 7, 5.5, 5, 3, 1), 4],
    ["all of it is old, at the end of a pause of the agent itself", ages(900, 800), 2],
  ])("writes the right ones when %s", (_, use, want) => {
    expect(planSpill(use)).toBe(want);
  });

  it("writes all but the newest when memory is used up, whatever their age", () => {
    const young = { frames: SPILL.softFrames + 1, bytes: 1, ageMs: () => 0 };
    expect(planSpill(young)).toBe(SPILL.softFrames + 1 - SPILL.keepFrames);
    expect(planSpill({ frames: 30, bytes: SPILL.softBytes + 1, ageMs: () => 0 })).toBe(30 - SPILL.keepFrames);
    expect(planSpill({ frames: 3, bytes: SPILL.softBytes + 1, ageMs: () => 0 })).toBe(0);
  });

  it("drops where even that does not help, but never the only frame", () => {
    expect(isOverHardLimit(SPILL.hardFrames, SPILL.hardBytes)).toBe(false);
    expect(isOverHardLimit(SPILL.hardFrames + 1, 1)).toBe(true);
    expect(isOverHardLimit(1, SPILL.hardBytes * 2)).toBe(false);
  });
});

describe("agent/spool/segments", () => {
  const limits = { maxBytes: 1000, maxAgeMs: 60_000, maxSegments: 4 };
  const segment = (name: string, bytes: number, writtenAtMs = 100_000): Segment => ({
    name,
    hello,
    first: 1n,
    last: 10n,
    fromMs: 0,
    toMs: 0,
    bytes,
    writtenAtMs,
  });
  const drops = (segments: readonly Segment[], bytes = 0, nowMs = 100_000): string[] =>
    planDrops(segments, limits, { bytes, nowMs }).map((drop) => `${drop.segment.name} ${drop.reason}`);

  it.each([
    ["there is room", [segment("a", 400), segment("b", 500)], 100, []],
    ["the new ones need some", [segment("a", 400), segment("b", 500)], 101, ["a spool_full"]],
    ["they need all", [segment("a", 400), segment("b", 500)], 1000, ["a spool_full", "b spool_full"]],
    ["there are too many", ["a", "b", "c", "d", "e"].map((name) => segment(name, 1)), 0, ["a spool_full"]],
    ["one is too old", [segment("a", 1, 30_000), segment("b", 1, 50_000)], 0, ["a too_old"]],
  ] as const)("drops the oldest first when %s", (_, segments, bytes, want) => {
    expect(drops([...segments], bytes)).toEqual(want);
  });

  it("makes nothing old that was written after now", () => {
    expect(drops([segment("a", 1, 999_000_000)])).toEqual([]);
  });

  it("drops at most a sixteenth at a time, and keeps a tenth of the file system free within limits", () => {
    expect(segmentBytes(256 * MIB)).toBe(MIB);
    expect(segmentBytes(MIB)).toBe(MIB / 16);
    expect(freeSpaceFloor(64 * MIB)).toBe(16 * MIB);
    expect(freeSpaceFloor(1000 * MIB)).toBe(100 * MIB);
    expect(freeSpaceFloor(10_000_000 * MIB)).toBe(2048 * MIB);
  });
});

describe("agent/spool/loss", () => {
  const minutes = (count: number): number => count * 60e6;
  const lost = (frames: number, fromMs: number, toMs: number) => ({
    frames,
    fromMs,
    toMs,
    reason: "spool_full",
  });

  it("joins losses that follow each other, and begins anew after ten minutes", () => {
    const first = addLoss(addLoss(NO_LOSS, lost(5, 100, 200), 0), lost(3, 200, 300), minutes(9));
    expect(first.loss).toEqual(lost(8, 100, 300));
    expect(addLoss(first, lost(1, 900, 901), minutes(20)).loss).toEqual(lost(1, 900, 901));
  });

  it("is told until ten minutes after the collector has heard of it, however long that takes", () => {
    let state = tellLoss(addLoss(NO_LOSS, lost(5, 100, 200), 0), 50n, minutes(300));
    expect(state.toldWith).toBe(50n);
    state = hearLoss(state, 49n, minutes(301));
    expect(state.heardAtUs).toBeUndefined();
    state = hearLoss(state, 50n, minutes(302));
    expect(tellLoss(state, 51n, minutes(311)).loss).toEqual(lost(5, 100, 200));
    expect(tellLoss(state, 52n, minutes(312)).loss).toBeUndefined();
  });
});

describe("agent/spool/instance-id", () => {
  it("names a later run by a greater text, also when the wall clock went back", () => {
    const first = createInstanceId(1_790_000_000_000, [], "ffff");
    const second = createInstanceId(1_790_000_000_000 - 3_600_000, ["", "last-run", first], "0000");
    const third = createInstanceId(1_790_000_000_000 - 3_600_000, [`${second}.000000000001.spool`], "0000");
    expect([third, second, first].sort()).toEqual([first, second, third]);
    expect(createInstanceId(5, ["nonsense"], "ab")).toBe("0000000000005-ab");
  });
});

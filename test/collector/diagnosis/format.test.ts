/** Numbers as people read them. */
import { describe, expect, it } from "vitest";
import {
  formatBucket,
  formatBytes,
  formatDuration,
  formatRatio,
} from "../../../collector/diagnosis/format.ts";

describe("collector/diagnosis/format", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1536, "1.5 KiB"],
    [21_474_836_480, "20 GiB"],
    [2 ** 50 * 5000, "5000 PiB"],
    [-1, "0 B"],
  ])("writes %d bytes as %s", (bytes, want) => expect(formatBytes(bytes)).toBe(want));

  it.each([
    [0, "0 ms", "0 毫秒"],
    [999, "999 ms", "999 毫秒"],
    [90_000, "1.5 min", "1.5 分钟"],
    [212 * 86_400_000, "212 d", "212 天"],
  ])("writes %d ms as %s", (ms, en, zh) => expect(formatDuration(ms)).toEqual({ en, zh }));

  it.each([
    [0.064, 0.128, "64-128 ms"],
    [0.512, 1.024, "512-1024 ms"],
    [2.048, 4.096, "2.048-4.096 s"],
    [8.192, Infinity, "> 8.192 s"],
  ])("writes a bucket from %d to %d as %s", (low, high, want) => expect(formatBucket(low, high)).toBe(want));

  it.each([
    [0, "0 %"],
    [0.043, "4.3 %"],
    [0.879, "88 %"],
  ])("writes a ratio of %d as %s", (ratio, want) => expect(formatRatio(ratio)).toBe(want));
});

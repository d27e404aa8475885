import { describe, expect, it } from "vitest";
import { formatAgo, formatDuration } from "../../../collector/console/format/format-duration.ts";
import { formatRtt } from "../../../collector/console/format/format-rtt.ts";
import { formatValue } from "../../../collector/console/format/format-value.ts";

describe("collector/console/format", () => {
  it("says durations with two units at most", () => {
    const f = (ms: number, want: string): void => expect(formatDuration(ms).en, String(ms)).toBe(want);
    f(340, "340 ms");
    f(4_200, "4.2 s");
    f(59_900, "59 s");
    f(60_000, "1 min");
    f(4 * 60_000 + 30_000, "4 min 30 s");
    f(12 * 60_000 + 30_000, "12 min");
    f(3 * 3_600_000 + 5 * 60_000, "3 h 5 min");
    f(52 * 3_600_000, "2 d 4 h");
    f(212 * 86_400_000 + 3_600_000, "212 d");
    expect(formatDuration(90_000).zh).toBe("1 分 30 秒");
  });

  it("says ages, and calls the near past and a clock ahead now", () => {
    expect(formatAgo(240_000).en).toBe("4 min ago");
    expect(formatAgo(240_000).zh).toBe("4 分钟前");
    expect(formatAgo(-5_000).en).toBe("now");
    expect(formatAgo(1_500).en).toBe("now");
  });

  it("scales values to their unit", () => {
    const f = (value: number, unit: string, want: string): void =>
      expect(formatValue(value, unit), `${value} ${unit}`).toBe(want);
    f(0.0042, "seconds", "4.2 ms");
    f(0.00005, "seconds", "50 µs");
    f(0, "seconds", "0 s");
    f(2.5, "seconds", "2.5 s");
    f(300, "seconds", "5 min");
    f(2 * 2 ** 30, "bytes", "2 GiB");
    f(1536, "bytes/s", "1.5 KiB/s");
    f(0.125, "share", "12.5 %");
    f(1234567, "entries", "1.23 M");
    f(3.456, "proposals/s", "3.46/s");
    f(1, "boolean", "1");
    f(Number.NaN, "bytes", "–");
  });

  it("keeps round trips short", () => {
    expect([0.043, 4.26, 151.7].map(formatRtt)).toEqual(["0.04 ms", "4.3 ms", "152 ms"]);
  });
});

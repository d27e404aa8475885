import { describe, expect, it } from "vitest";
import { formatTimestamp, parseTimestampMs } from "../../shared/parse-timestamp.ts";

describe("shared/parse-timestamp", () => {
  it.each([
    ["2026-11-22T03:12:09Z", "2026-11-22T03:12:09.000Z"],
    ["2026-11-22t03:12:09.5z", "2026-11-22T03:12:09.500Z"],
    ["2026-11-22T03:12:09.123999+08:00", "2026-11-21T19:12:09.123Z"],
    ["2026-11-22T03:12:09-01:30", "2026-11-22T04:42:09.000Z"],
    ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"],
  ])("reads %s as %s", (text, want) => {
    expect(formatTimestamp(parseTimestampMs(text) ?? -1)).toBe(want);
  });

  it.each([
    "",
    "now",
    "2026-11-22",
    "2026-11-22 03:12:09Z",
    "2026-11-22T03:12Z",
    "2026-11-22T03:12:09",
    "2026-02-30T00:00:00Z",
    "2025-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-11-22T24:00:00Z",
    "2026-11-22T03:12:60Z",
    "2026-11-22T03:12:09+24:00",
    "1969-12-31T23:59:59Z",
    "1764000000000",
  ])("refuses %j", (text) => {
    expect(parseTimestampMs(text)).toBeUndefined();
  });
});

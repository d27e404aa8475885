import { describe, expect, it } from "vitest";
import { findNearest } from "../../../shared/config/find-nearest.ts";
import { formatAddress, isHost, isLoopback, parseAddress } from "../../../shared/config/parse-address.ts";
import { formatDurationMs, parseDurationMs } from "../../../shared/config/parse-duration.ts";
import { formatSizeBytes, parseSizeBytes } from "../../../shared/config/parse-size.ts";

describe("shared/config/parse-duration", () => {
  it.each([
    ["500ms", 500],
    ["10s", 10_000],
    ["1h30m", 5_400_000],
    ["7d", 604_800_000],
    ["1.5s", 1_500],
    ["0s", 0],
  ])("reads %s", (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  it.each(["", "10", "10 s", "-1s", "s", "1x", "1h 30m", "１s", "1e3s"])("refuses %j", (text) => {
    expect(parseDurationMs(text)).toBeUndefined();
  });

  it("writes what it can read again", () => {
    for (const ms of [0, 1, 999, 1_000, 61_001, 5_400_000, 604_800_000]) {
      expect(parseDurationMs(formatDurationMs(ms))).toBe(ms);
    }
  });
});

describe("shared/config/parse-size", () => {
  it.each([
    ["64MiB", 67_108_864],
    ["20 GiB", 21_474_836_480],
    ["1GB", 1_000_000_000],
    ["512B", 512],
  ])("reads %s", (text, bytes) => {
    expect(parseSizeBytes(text)).toBe(bytes);
  });

  it.each(["", "64", "64mib", "-1MiB", "MiB", "1 PiBs"])("refuses %j", (text) => {
    expect(parseSizeBytes(text)).toBeUndefined();
  });

  it("changes the unit at 1024", () => {
    expect([0, 1023, 1024, 1_717_986_918, 21_474_836_480].map(formatSizeBytes)).toEqual([
      "0 B",
      "1023 B",
      "1 KiB",
      "1.6 GiB",
      "20 GiB",
    ]);
  });
});

describe("shared/config/parse-address", () => {
  it.each([
    ["10.0.0.5:7443", "10.0.0.5", 7443],
    ["[fd00::5]:7443", "fd00::5", 7443],
    ["collector.example:1", "collector.example", 1],
    ["localhost:0", "localhost", 0],
  ])("reads %s", (text, host, port) => {
    expect(parseAddress(text)).toEqual({ host, port });
    expect(formatAddress({ host, port })).toBe(text);
  });

  it.each([
    "10.0.0.5",
    "10.0.0.5:70000",
    "fd00::5:7443",
    ":1",
    "1.2.3:1",
    "a b:1",
    "http://a:1",
    "256.0.0.1:1",
  ])("refuses %s", (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it("takes names and addresses for hosts, and nothing with a port", () => {
    expect(["m2.example", "10.0.0.2", "fd00::2", "m-2"].every(isHost)).toBe(true);
    expect(["10.0.0.2:1", "", "-a", "a..b", "1.2.3"].some(isHost)).toBe(false);
  });

  it("knows loopback", () => {
    expect(["127.0.0.1", "127.8.0.1", "::1", "localhost"].every(isLoopback)).toBe(true);
    expect(["0.0.0.0", "::", "10.0.0.1", "127.example"].some(isLoopback)).toBe(false);
  });
});

describe("shared/config/find-nearest", () => {
  const known = ["cluster", "collectors", "intervals", "maxBytes", "tls"];
  it.each([
    ["clustr", "cluster"],
    ["interval", "intervals"],
    ["max_bytes", "maxBytes"],
    ["tsl", "tls"],
    ["Collectors", "collectors"],
    ["xyz", undefined],
    ["somethingelse", undefined],
  ])("takes %s for %s", (word, nearest) => {
    expect(findNearest(word, known)).toBe(nearest);
  });
});

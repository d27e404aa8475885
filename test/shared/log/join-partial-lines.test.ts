import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createLogClassifier } from "../../../shared/log/classify.ts";
import { findField } from "../../../shared/log/find-field.ts";
import { createPartialLines } from "../../../shared/log/join-partial-lines.ts";
import { parseLine } from "../../../shared/log/parse-line.ts";
import { createLineSplitter, MAX_LINE_BYTES } from "../../../shared/log/split-lines.ts";

function readLines(name: string): readonly string[] {
  const lines: string[] = [];
  const splitter = createLineSplitter((line) => lines.push(line));
  splitter.push(gunzipSync(readFileSync(join(import.meta.dirname, "../../fixture/containers", name))));
  splitter.end();
  return lines;
}

function joinAll(lines: readonly string[]): readonly string[] {
  const parts = createPartialLines();
  return [...lines.flatMap((line) => parts.join(line) ?? []), ...parts.end()];
}

describe("shared/log/join-partial-lines", () => {
  it.each([
    ["containerd-1.6.20/long-lines.log.gz", 2],
    ["docker-20.10.24/long-lines.log.gz", 2],
  ])("puts together what the runtime cut: %s", (name, cut) => {
    const lines = readLines(name);
    const whole = joinAll(lines);
    expect(whole).toHaveLength(lines.length - cut);
    // etcd began each of them.
    expect(whole.map((line) => parseLine(line)).filter(({ origin }) => origin !== "etcd")).toEqual([]);
    const long = whole.map((line) => parseLine(line)).filter(({ text }) => text.length > 16_384);
    expect(long.map(({ message }) => message)).toEqual(["Running: ", "starting an etcd server"]);
    expect(findField(long[1]?.text ?? "", "downgrade-check-interval")).toBe("5s");
  });

  it("puts together what conmon cut, at 8 KiB and where its writer ended", () => {
    const [long = "", unfinished = ""] = joinAll(readLines("conmon-2.1.6/long-lines.log.gz"));
    expect(long.endsWith(` stdout F ${"x".repeat(20_000)}`)).toBe(true);
    expect(unfinished.endsWith(" stdout F unfinished")).toBe(true);
  });

  it("keeps what stands in the middle of a line from being an event", () => {
    const lines = readLines("containerd-1.6.20/long-lines.log.gz");
    const classify = (all: readonly string[]): readonly string[] => {
      const classifier = createLogClassifier(0);
      return all.flatMap((line) => classifier.classify(line)?.code ?? []);
    };
    expect(classify(lines)).toContain("QUOTA_EXCEEDED");
    expect(classify(joinAll(lines))).not.toContain("QUOTA_EXCEEDED");
  });

  it("joins each stream by itself, and gives up what never ends", () => {
    const time = "2026-11-28T01:00:40.496911703Z";
    expect(
      joinAll([
        `${time} stderr P one`,
        `${time} stdout F other`,
        `${time} stderr P , two`,
        `${time} stderr F , three`,
        `${time} stderr P cut off`,
      ]),
    ).toEqual([`${time} stdout F other`, `${time} stderr F one, two, three`, `${time} stderr F cut off`]);
  });

  it("holds no more of a line than is looked at", () => {
    const part = `2026-11-28T01:00:40Z stderr P ${"x".repeat(16_384)}`;
    const [line = ""] = joinAll(Array.from({ length: 10 }, () => part));
    expect(line.length).toBeLessThan(MAX_LINE_BYTES + 100);
  });

  it("leaves every other line as it is", () => {
    const lines = [
      '{"level":"info","ts":"2026-11-28T01:00:40Z","caller":"embed/etcd.go:1","msg":"a"}',
      '{"log":"no line feed","stream":"stderr","time":"2026-11-28T01:00:40Z"}',
      "2026-11-28T01:00:40Z stdxxx P a",
      "2026-11-28 01:00:40.000000 I | etcdmain: P F",
      "",
    ];
    expect(joinAll(lines)).toEqual(lines);
  });
});

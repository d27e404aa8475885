/**
 * Captured lines → a fixture, of each shape a few: `trim-log.ts story RAW OUT` keeps two, `trim-log.ts hours OUT-FOLDER FOLDER…` one of what
 * healthy-hours.ts captured in some runs, with what restarts and a moved leader said in a file of its own. Prints how many lines there were, and when.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createLogClassifier } from "../../shared/log/classify.ts";
import { parseLine } from "../../shared/log/parse-line.ts";
import { parseLineTimeMs } from "../../shared/log/parse-line-time.ts";
import { systemClock } from "../../shared/clock.ts";

/** What etcd says of a restart comes within so long of its begin and its end: a peer is taken for lost, and found again. */
const AROUND_MS = 15_000;
const MOVES = /^(?:restart|move-leader)/;
/** Of the first start there are captures enough. */
const BOOT = /^(?:start|healthy)$/;

/** Lines of one shape differ in numbers, identifiers and keys only. */
function shapeOf(line: string): string {
  return line
    .replaceAll(/\d{4}-\d\d-\d\d[T ][\d:.]+Z?/g, "@")
    .replaceAll(
      /"(?:detail|steps|request|response|request content|range_begin|key)":(?:"(?:[^"\\]|\\.)*"|\[[^\]]*\])/g,
      "",
    )
    .replaceAll(/\b[0-9a-f]{6,16}\b/g, "#")
    .replaceAll(/\bm[123]\b/g, "m#")
    .replaceAll(/\d+(?:\.\d+)?(?:ns|µs|us|ms|s|m|h| [kKMG]?i?B)?\b/g, "#")
    .replaceAll(/#(?:[:.,/-]?#)*/g, "#");
}

function trim(lines: readonly string[], most: number): string[] {
  const seen = new Map<string, number>();
  return lines.flatMap((line) => {
    const text = line
      .replaceAll(/,"stacktrace":"(?:[^"\\]|\\.)*"/g, "")
      .replaceAll(/\/[\w/.-]*\/usr\/bin\//g, "/usr/bin/");
    const shape = shapeOf(text);
    const count = (seen.get(shape) ?? 0) + 1;
    seen.set(shape, count);
    return line === "" || count > most ? [] : [text];
  });
}

interface Mark {
  readonly at: string;
  readonly what: string;
}

function trimHours(out: string, folders: readonly string[]): void {
  const nowMs = systemClock.nowMs();
  const [quiet, moved]: [string[], string[]] = [[], []];
  for (const folder of folders) {
    sort(folder, { nowMs, quiet, moved });
  }
  console.log(`${quiet.length} lines, ${moved.length} around restarts`);
  writeFileSync(join(out, "healthy-hours.log"), `${trim(quiet, 1).join("\n")}\n`);
  writeFileSync(join(out, "rolling-restart.log"), `${trim(moved, 1).join("\n")}\n`);
}

interface Sorted {
  readonly nowMs: number;
  readonly quiet: string[];
  readonly moved: string[];
}

/** Adds a run's lines to those of before, and prints what the classifier says of them. */
function sort(folder: string, { nowMs, quiet, moved }: Sorted): void {
  const marks = readFileSync(join(folder, "marks.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Mark);
  const isNear = (atMs: number, what: RegExp): boolean =>
    marks.some((mark) => what.test(mark.what) && Math.abs(atMs - Date.parse(mark.at)) < AROUND_MS);
  for (const member of ["m1", "m2", "m3"]) {
    const classifier = createLogClassifier(nowMs);
    let atMs = 0;
    for (const line of readFileSync(join(folder, `${member}.log`), "utf8").split("\n")) {
      const { time } = parseLine(line);
      atMs = (time === undefined ? undefined : parseLineTimeMs(time, nowMs)) ?? atMs;
      const isMove = isNear(atMs, MOVES);
      const event = classifier.classify(line);
      if (event !== undefined) {
        console.log(`${isMove ? "moved" : "quiet"} ${event.code} ${event.severity}: ${line.slice(0, 200)}`);
      }
      if (!isNear(atMs, BOOT)) {
        (isMove ? moved : quiet).push(line.replaceAll(/[\w/.-]+\/(?=m[123]\/data|pki\/)/g, "/var/lib/etcd/"));
      }
    }
  }
}

const [kind = "", first = "", ...rest] = process.argv.slice(2);
if (kind === "hours") {
  trimHours(first, rest);
} else {
  writeFileSync(rest[0] ?? "", `${trim(readFileSync(first, "utf8").split("\n"), 2).join("\n")}\n`);
}

/**
 * Container runtimes cut lines longer than 16 KiB: CRI's form marks all parts but the last with P, Docker's json-file leaves out the
 * line feed. Put together again they are what etcd said; a part by itself would be taken for a line of its own, though it may be
 * the middle of somebody's key.
 */
import { MAX_LINE_BYTES } from "./split-lines.ts";

export interface PartialLines {
  /** `line` as createLineSplitter gives it; the whole line with its last part, undefined before. */
  join(line: string): string | undefined;
  /** What was never finished, its writer having ended. */
  end(): readonly string[];
}

/** One part as its wrapping has it: what goes before the text, the text, and what comes behind. */
interface Part {
  readonly stream: string;
  readonly isLast: boolean;
  readonly head: string;
  readonly text: string;
  readonly tail: string;
}

/** Docker's parts hold so many bytes, before they are escaped. */
const DOCKER_PART_BYTES = 16 * 1024;
const DOCKER_HEAD = '{"log":"';
const DOCKER_STREAM = '","stream":"';
/** "2026-11-24T16:00:00.123456789+01:00" */
const MAX_TIME_LENGTH = 35;

export function createPartialLines(): PartialLines {
  /** By stream: what one writes may come between the parts of the other. */
  const held = new Map<string, Part>();

  function join(line: string): string | undefined {
    const part = findCriPart(line, held.size > 0) ?? findDockerPart(line, held.size > 0);
    if (part === undefined) {
      return line;
    }
    const before = held.get(part.stream);
    const text = before === undefined ? part.text : `${before.text}${part.text}`.slice(0, MAX_LINE_BYTES);
    const joined = { ...part, head: before?.head ?? part.head, text };
    if (!part.isLast) {
      held.set(part.stream, joined);
      return undefined;
    }
    held.delete(part.stream);
    return before === undefined ? line : write(joined);
  }

  function end(): readonly string[] {
    const lines = [...held.values()].map(write);
    held.clear();
    return lines;
  }

  return { join, end };
}

function write({ head, text, tail }: Part): string {
  return `${head}${text}${tail}`;
}

/** "TIME stderr P TEXT". Last parts are of interest only where an earlier one waits for them. */
function findCriPart(line: string, wantsLast: boolean): Part | undefined {
  // Nearly every line ends here: it must cost nothing.
  if (line.charCodeAt(10) !== 84 || line.charCodeAt(4) !== 45) {
    return undefined;
  }
  const at = line.indexOf(" std", 19);
  const tag = line[at + 8];
  if (at < 0 || at > MAX_TIME_LENGTH || (tag !== "P" && !(tag === "F" && wantsLast))) {
    return undefined;
  }
  const from = line.indexOf(" ", at + 8) + 1;
  const stream = line.slice(at, at + 8);
  return from === 0 || (stream !== " stderr " && stream !== " stdout ")
    ? undefined
    : {
        stream,
        isLast: tag === "F",
        head: `${line.slice(0, at)}${stream}F `,
        text: line.slice(from),
        tail: "",
      };
}

/** `{"log":"TEXT","stream":"stderr","time":"…"}` */
function findDockerPart(line: string, wantsLast: boolean): Part | undefined {
  if (!wantsLast && line.length < DOCKER_PART_BYTES) {
    return undefined;
  }
  const to = line.startsWith(DOCKER_HEAD) ? line.indexOf(DOCKER_STREAM, DOCKER_HEAD.length) : -1;
  if (to < 0) {
    return undefined;
  }
  const from = DOCKER_HEAD.length;
  const isWhole = /(?:^|[^\\])(?:\\\\)*\\n$/.test(line.slice(Math.max(from, to - 20), to));
  const isLast = isWhole || to - from < DOCKER_PART_BYTES;
  const streamAt = to + DOCKER_STREAM.length;
  return isLast && !wantsLast
    ? undefined
    : {
        stream: line.slice(streamAt, line.indexOf('"', streamAt)),
        isLast,
        head: DOCKER_HEAD,
        text: line.slice(from, to),
        tail: line.slice(to),
      };
}

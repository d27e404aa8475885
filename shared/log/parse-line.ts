/**
 * One line of any log → what etcd said in it. Knows zap JSON and console (3.4 to 3.6), capnslog and raft's plain text (3.4) and
 * the Go runtime's own words; looks for them behind whatever unwrapLine has left in front. Pure and cheap: no JSON is parsed.
 */
import { findField } from "./find-field.ts";
import { unwrapLine } from "./unwrap-line.ts";
import type { LineOrigin } from "./unwrap-line.ts";

export interface ParsedLine {
  /** "etcd" only when its form or its wrapping proves it. */
  readonly origin: LineOrigin;
  /** etcd's message; in plain text without time, level and package where they are there. */
  readonly message: string;
  /** The field `error`, where the true reason often is; empty in plain text. */
  readonly error: string;
  /** "debug" … "fatal"; empty where the line does not say. */
  readonly level: string;
  /** As the line gives it; parseLineTimeMs reads it. */
  readonly time: string | undefined;
  /** The unwrapped line, for further fields. */
  readonly text: string;
}

/** Rooms of etcd's source in zap's "caller": what makes a zap line etcd's and not another Go program's. */
const CALLER =
  /^(?:etcdmain|embed|etcdserver|rafthttp|raft|wal|snap|mvcc|membership|v3rpc|v3compactor|backend|verify|fileutil|transport|auth|lease|flags|pathutil|cluster|api|schema|tlsutil|etcdutil|version|v2|compactor|bbolt|osutil|txn|storage|apply|raftexample|traceutil|grpclog|zapgrpc|concurrency|client)\b/;
const CAPNSLOG = /(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}) ([CEWNIDT]) \| (?:([\w./-]+): )?/;
const RAFT = /\braft(\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d) ([A-Z]+): /;
const CONSOLE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(?:Z|[+-]\d{4}))\t([a-zA-Z]+)\t(?:([\w./-]+:\d+)\t)?/;
const KLOG = /^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [\w./-]+:\d+\] /;
/** Go's own: panics, and what an etcd prints before it has a logger. */
const GO = /^(?:panic: |fatal error: |unexpected fault address |flag provided but not defined: )/;

const CAPNSLOG_LEVELS: Readonly<Record<string, string>> = {
  C: "fatal",
  E: "error",
  W: "warn",
  N: "info",
  I: "info",
  D: "debug",
  T: "debug",
};

const JSON_OBJECT = /\{\s*"\w+":/;

/** How far in etcd's own form is looked for. */
const MAX_PREFIX = 300;

export function parseLine(line: string): ParsedLine {
  if (line.startsWith('{"level":"')) {
    return parseZap(line, undefined);
  }
  const unwrapped = unwrapLine(line);
  const { origin, time } = unwrapped;
  const text = unwrapped.text.includes('{""') ? unquoteCsv(unwrapped.text) : unwrapped.text;
  const json = findZap(text);
  if (json >= 0) {
    return parseZap(text.slice(json), time);
  }
  if (text.includes('{\\"level\\":\\"')) {
    const unescaped = text
      .slice(text.indexOf('{\\"level\\"'))
      .replaceAll('\\"', '"')
      .replaceAll("\\\\", "\\");
    return parseZap(unescaped, time);
  }
  return parsePlain(text, { origin, time });
}

/** Where zap's object begins; in another order of its fields, or with spaces, when a program has read and written it (jq, Python). */
function findZap(text: string): number {
  const usual = text.indexOf('{"level":"');
  if (usual >= 0 && usual < MAX_PREFIX) {
    return usual;
  }
  if (
    !text.includes('"level":') ||
    !text.includes('"msg":') ||
    !CALLER.test(findField(text, "caller") ?? "")
  ) {
    return -1;
  }
  const any = JSON_OBJECT.exec(text.length > MAX_PREFIX ? text.slice(0, MAX_PREFIX) : text);
  return any === null ? -1 : any.index;
}

/** A cell of a table: in quotes, each quote of its own twice. */
function unquoteCsv(text: string): string {
  const at = text.indexOf('{""');
  return at > MAX_PREFIX ? text : text.slice(0, at) + text.slice(at).replaceAll('""', '"');
}

function parseZap(text: string, wrappedTime: string | undefined): ParsedLine {
  const caller = findField(text, "caller");
  return {
    origin: caller !== undefined && CALLER.test(caller) ? "etcd" : "unknown",
    message: findField(text, "msg") ?? "",
    error: findField(text, "error") ?? "",
    level: findField(text, "level") ?? "",
    time: findField(text, "ts") ?? wrappedTime,
    text,
  };
}

function parsePlain(
  text: string,
  wrapping: { readonly origin: LineOrigin; readonly time: string | undefined },
): ParsedLine {
  const head = text.length > MAX_PREFIX ? text.slice(0, MAX_PREFIX) : text;
  const capnslog = CAPNSLOG.exec(head);
  if (capnslog !== null) {
    const [all, time, level = ""] = capnslog;
    const message = text.slice(capnslog.index + all.length);
    return { origin: "etcd", message, error: "", level: CAPNSLOG_LEVELS[level] ?? "", time, text };
  }
  const raft = RAFT.exec(head);
  if (raft !== null) {
    const [all, time, level = ""] = raft;
    return {
      origin: "etcd",
      message: text.slice(raft.index + all.length),
      error: "",
      level: level.toLowerCase(),
      time,
      text,
    };
  }
  const zap = CONSOLE.exec(head);
  if (zap !== null) {
    const [all, time, level = "", caller = ""] = zap;
    const [message = ""] = text.slice(all.length).split("\t", 1);
    const origin = CALLER.test(caller) ? "etcd" : "unknown";
    return { origin, message, error: findField(text, "error") ?? "", level: level.toLowerCase(), time, text };
  }
  const origin = wrapping.origin === "unknown" ? guessOrigin(text) : wrapping.origin;
  return { origin, message: text, error: "", level: "", time: wrapping.time, text };
}

function guessOrigin(text: string): LineOrigin {
  if (GO.test(text)) {
    return "etcd";
  }
  // Another program's JSON is another program's, whatever it quotes.
  return KLOG.test(text) || text.startsWith("{") ? "other" : "unknown";
}

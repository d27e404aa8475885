/**
 * Takes off what log drivers, journald, kubectl and people put around a line of etcd. Pure; what it does not know, it leaves:
 * the parser finds etcd's own form also behind an unknown prefix.
 */
import { findField } from "./find-field.ts";

/** Who wrote a line, as far as its wrapping says. */
export type LineOrigin = "etcd" | "systemd" | "kernel" | "other" | "unknown";

export interface UnwrappedLine {
  readonly text: string;
  readonly origin: LineOrigin;
  /** The time that the wrapping gives, as text that parseLineTimeMs reads. */
  readonly time: string | undefined;
}

/** A line in CRI form of a journald export copied with quotes has three; more is no log. */
const MAX_LAYERS = 4;

const ANSI = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*[A-Za-z]`, "g");
const CRI = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[\d.]*(?:Z|[+-]\d\d:\d\d)) (?:stdout|stderr) [FP] /;
/** kubectl logs --timestamps. */
const TIMESTAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}(?:Z|[+-]\d\d:\d\d)) (?=\S)/;
/** journalctl -o short, short-precise, short-iso; syslog. Host, program, perhaps with its PID. */
const JOURNAL =
  /^((?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?)|(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[\d.]*(?:Z|[+-]\d\d:?\d\d))) \S+ ([\w@./-]+)(?:\[\d+\])?: /;
/** journalctl -o export: each field a line. */
const EXPORTED = /^MESSAGE=/;
const POD_PREFIX = /^\[pod\/[^\]]*\] /;
/** With a container's labels before the line, where docker is told to log them. */
const DOCKER = /^\{\s*(?:"attrs":\s*\{[^{}]*\},\s*)?"log":/;
/** A quoted mail, a copied string, docker compose's "etcd-1  | ", grep's file name and line number. */
const COPIED = /^(?:\s*>+\s*|\s+|["'`]+(?=[{\d[A-Z])|[\w.-]+ +\| (?=[{\d])|[\w./-]+\.log:(?:\d+:)?(?=[{\d]))/;

export function unwrapLine(line: string): UnwrappedLine {
  let text = line.includes("\u001b") ? line.replaceAll(ANSI, "") : line;
  let origin: LineOrigin = "unknown";
  let time: string | undefined;
  for (let layer = 0; layer < MAX_LAYERS; layer += 1) {
    const first = text.charCodeAt(0);
    const inner = first === 123 ? unwrapJson(text) : unwrapPrefix(text);
    if (inner === undefined) {
      break;
    }
    text = inner.text;
    origin = inner.origin === "unknown" ? origin : inner.origin;
    time = inner.time ?? time;
  }
  return { text, origin, time };
}

function unwrapPrefix(text: string): UnwrappedLine | undefined {
  const cri = CRI.exec(text) ?? TIMESTAMP.exec(text);
  if (cri !== null) {
    return { text: text.slice(cri[0].length), origin: "unknown", time: cri[1] };
  }
  const journal = JOURNAL.exec(text);
  if (journal !== null) {
    return { text: text.slice(journal[0].length), origin: originOf(journal[2] ?? ""), time: journal[1] };
  }
  const plain = POD_PREFIX.exec(text) ?? EXPORTED.exec(text) ?? COPIED.exec(text);
  return plain === null
    ? undefined
    : { text: text.slice(plain[0].length), origin: "unknown", time: undefined };
}

/** docker's json-file driver, and journalctl -o json. */
function unwrapJson(text: string): UnwrappedLine | undefined {
  if (text.startsWith('{"level":')) {
    return undefined;
  }
  if (DOCKER.test(text)) {
    const log = findField(text, "log") ?? "";
    return { text: log.replace(/\r?\n$/, ""), origin: "unknown", time: findField(text, "time") };
  }
  if (text.includes('"MESSAGE":')) {
    return {
      text: findMessage(text),
      origin: originOf(findField(text, "SYSLOG_IDENTIFIER") ?? findField(text, "_COMM") ?? ""),
      time: findField(text, "__REALTIME_TIMESTAMP"),
    };
  }
  return undefined;
}

/** journald gives a message that is no UTF-8 (etcd prints binary keys) as a list of bytes. */
function findMessage(text: string): string {
  const bytes = /"MESSAGE":\[([\d,\s]*)/.exec(text)?.[1];
  return bytes === undefined
    ? (findField(text, "MESSAGE") ?? "")
    : Buffer.from(bytes.split(",").map(Number)).toString("latin1");
}

function originOf(program: string): LineOrigin {
  if (program === "") {
    return "unknown";
  }
  return /(^|\/)etcd[\w.-]*$/.test(program)
    ? "etcd"
    : program === "systemd" || program === "kernel"
      ? program
      : "other";
}

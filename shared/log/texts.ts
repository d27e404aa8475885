/** What an event means in words, and the next safe step; for every code of the catalogue. */
import type { Text } from "../text.ts";
import { CLUSTER_TEXTS } from "./texts-cluster.ts";
import { MACHINE_TEXTS } from "./texts-machine.ts";

export interface LogText {
  readonly title: Text;
  readonly next: Text;
  /** In its place where a line names the port: "{port}" stands for it. */
  readonly nextAtPort?: Text;
}

/** Whom a line failed to reach, or where it could not listen: "listen tcp [::1]:2380: bind…", "read tcp 10.0.0.1:5->10.0.0.2:2380: …". */
const PORT = /\b(?:listen|dial|read|write) tcp \S*?:(\d{1,5})(?=[:\s"\\]|$)/;

/** What to do next, for the port that the newest line with one names. */
export function findNextStep({ next, nextAtPort }: LogText, lines: readonly string[]): Text {
  const port = lines.map((line) => PORT.exec(line)?.[1]).findLast((found) => found !== undefined);
  if (nextAtPort === undefined || port === undefined) {
    return next;
  }
  return { en: nextAtPort.en.replace("{port}", port), zh: nextAtPort.zh.replace("{port}", port) };
}

/** undefined: no such code. */
export function findLogText(code: string): LogText | undefined {
  return MACHINE_TEXTS[code] ?? CLUSTER_TEXTS[code];
}

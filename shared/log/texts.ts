/** What an event means in words, and the next safe step; for every code of the catalogue. */
import type { Text } from "../text.ts";
import { CLUSTER_TEXTS } from "./texts-cluster.ts";
import { MACHINE_TEXTS } from "./texts-machine.ts";

export interface LogText {
  readonly title: Text;
  readonly next: Text;
}

/** undefined: no such code. */
export function findLogText(code: string): LogText | undefined {
  return MACHINE_TEXTS[code] ?? CLUSTER_TEXTS[code];
}

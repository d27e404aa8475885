/** Socket files' paths are limited to some hundred bytes, which a deep checkout passes: the shorter way to say one is taken. */

import { relative } from "node:path";

export function toShortSocketPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.length < path.length ? fromHere : path;
}

/** /proc/loadavg as text → the load of the last minute: tasks that ran, could have run, or waited for a disk. */

/** "0.42 0.30 0.25 2/341 9120" → 0.42. undefined: not such a text. */
export function parseLoad(text: string): number | undefined {
  const first = /^(\d+\.\d+) /.exec(text)?.[1];
  return first === undefined ? undefined : Number(first);
}

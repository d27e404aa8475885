/** /proc/PID/status as text → the user and groups that the kernel checks when the process opens a file. */

export interface ProcessUser {
  readonly uid: number;
  /** Its own group first, then the supplementary ones. */
  readonly gids: readonly number[];
}

export function parseProcessUser(status: string): ProcessUser | undefined {
  // Real, effective, saved, file system: the last is the one that counts.
  const uid = lastOf(/^Uid:\s*(.*)$/m.exec(status)?.[1]);
  const gid = lastOf(/^Gid:\s*(.*)$/m.exec(status)?.[1]);
  if (uid === undefined || gid === undefined) {
    return undefined;
  }
  const more = /^Groups:\s*(.*)$/m.exec(status)?.[1] ?? "";
  const groups = more.split(/\s+/).filter((word) => word !== "");
  return { uid, gids: [...new Set([gid, ...groups.map(Number)])] };
}

function lastOf(numbers: string | undefined): number | undefined {
  const last = numbers?.trim().split(/\s+/).at(-1);
  return last !== undefined && /^\d+$/.test(last) ? Number(last) : undefined;
}

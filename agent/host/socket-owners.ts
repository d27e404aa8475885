/**
 * Tells etcd's sockets from others to the same peer (the agent's own, another etcd's on this machine) by /proc/PID/fd, which is
 * read only when a connection appears that was not there before.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { absentAsUndefined, findLink } from "./read-proc-text.ts";

/** Ownership does not change, but numbers are used again: forgotten altogether when there are this many. */
const MAX_KNOWN = 4_096;

export class SocketOwners {
  readonly #procRoot: string;
  #pid = 0;
  readonly #known = new Map<number, boolean>();

  constructor(procRoot: string) {
    this.#procRoot = procRoot;
  }

  /** Of another process nothing is known. */
  follow(pid: number): void {
    if (pid !== this.#pid) {
      this.#pid = pid;
      this.#known.clear();
    }
  }

  /** Those of the followed process. */
  keepOwn<T extends { readonly inode: number }>(sockets: readonly T[]): readonly T[] {
    if (sockets.some((socket) => !this.#known.has(socket.inode))) {
      this.#learn(sockets);
    }
    return sockets.filter(({ inode }) => this.#known.get(inode) === true);
  }

  #learn(sockets: readonly { readonly inode: number }[]): void {
    if (this.#known.size > MAX_KNOWN) {
      this.#known.clear();
    }
    const etcds = readSocketInodes(join(this.#procRoot, String(this.#pid), "fd"));
    // Where etcd's descriptors may not be read, at least the agent's own are left out.
    const own = etcds === undefined ? readSocketInodes(join(this.#procRoot, "self/fd")) : undefined;
    for (const { inode } of sockets) {
      this.#known.set(inode, etcds === undefined ? own?.has(inode) !== true : etcds.has(inode));
    }
  }
}

function readSocketInodes(folder: string): ReadonlySet<number> | undefined {
  return absentAsUndefined(() => {
    const inodes = new Set<number>();
    for (const name of readdirSync(folder)) {
      const target = findLink(join(folder, name));
      if (target?.startsWith("socket:[") === true) {
        inodes.add(Number(target.slice(8, -1)));
      }
    }
    return inodes;
  });
}

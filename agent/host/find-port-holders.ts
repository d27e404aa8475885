/**
 * Who listens on ports that etcd wants, in the agent's own network or in that of a process. Read while no etcd runs, and rarely
 * else: the table is dear with many connections, and finding the process of a socket means looking through the descriptors of
 * all of them, unless they are those of the process itself.
 */
import { readdirSync } from "node:fs";
import { kernelAddresses } from "./parse-tcp-sockets.ts";
import { absentAsUndefined, findLink, findShortText, findText } from "./read-proc-text.ts";

export interface ListenAddress {
  /** An IP address; empty: all of them. */
  readonly host: string;
  readonly port: number;
}

export interface PortHolder extends ListenAddress {
  /** undefined: its descriptors may not be seen. */
  readonly pid: number | undefined;
  /** The kernel's short name; empty when the process is not known. */
  readonly name: string;
}

interface Listener {
  readonly address: string;
  readonly port: number;
  readonly inode: number;
}

const LISTEN = "0A";

/** `of`: the process whose network it is, and whose descriptors are looked at first. undefined: the tables cannot be read. */
export function findPortHolders(
  procRoot: string,
  wanted: readonly ListenAddress[],
  of?: number,
): readonly PortHolder[] | undefined {
  const tables = ["tcp", "tcp6"].map((name) => findText(`${procRoot}/${of ?? "self"}/net/${name}`));
  if (tables.every((table) => table === undefined)) {
    return undefined;
  }
  const listeners = tables.flatMap((table) => parseListeners(table ?? ""));
  const held = wanted.flatMap((one) => {
    const listener = listeners.find((other) => conflicts(one, other));
    return listener === undefined ? [] : [{ ...one, inode: listener.inode }];
  });
  if (held.length === 0) {
    return [];
  }
  const owners = findOwners(procRoot, new Set(held.map(({ inode }) => inode)), of);
  return held.map(({ host, port, inode }) => {
    const pid = owners.get(inode);
    const name = pid === undefined ? "" : (findShortText(`${procRoot}/${pid}/comm`) ?? "").trimEnd();
    return { host, port, pid, name };
  });
}

/** Listening sockets in the text of /proc/net/tcp or tcp6. */
export function parseListeners(table: string): readonly Listener[] {
  return table.split("\n").flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [address = "", port = ""] = (fields[1] ?? "").split(":");
    return fields[3] === LISTEN
      ? [{ address, port: Number.parseInt(port, 16), inode: Number(fields[9]) }]
      : [];
  });
}

/** Two sockets cannot listen on one port when their addresses are the same or one of them is all addresses. */
function conflicts(wanted: ListenAddress, { address, port }: Listener): boolean {
  const isAll = wanted.host === "" || wanted.host === "0.0.0.0" || wanted.host === "::";
  return (
    port === wanted.port &&
    (isAll || /^0+$/.test(address) || (kernelAddresses(wanted.host) ?? []).includes(address))
  );
}

function findOwners(
  procRoot: string,
  inodes: ReadonlySet<number>,
  first: number | undefined,
): ReadonlyMap<number, number> {
  const owners = new Map<number, number>();
  for (const name of [...(first === undefined ? [] : [String(first)]), ...readdirSync(procRoot)]) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) {
      continue;
    }
    for (const descriptor of absentAsUndefined(() => readdirSync(`${procRoot}/${name}/fd`)) ?? []) {
      const inode = Number(
        /^socket:\[(\d+)\]$/.exec(findLink(`${procRoot}/${name}/fd/${descriptor}`) ?? "")?.[1],
      );
      if (inodes.has(inode)) {
        owners.set(inode, pid);
      }
    }
    if (owners.size === inodes.size) {
      break;
    }
  }
  return owners;
}

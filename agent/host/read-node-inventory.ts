/** What the machine is, from a proc tree: read rarely, so it stands apart from the hot reads. */
import type { NodeInventory } from "./host-door.ts";
import { findShortText, findText } from "./read-proc-text.ts";

export function readNodeInventory(procRoot: string): NodeInventory {
  const kernel = `${procRoot}/sys/kernel`;
  const memoryKib = /^MemTotal:\s+(\d+) kB$/m.exec(findShortText(`${procRoot}/meminfo`) ?? "")?.[1];
  return {
    hostname: (findShortText(`${kernel}/hostname`) ?? "").trim(),
    kernel: (findShortText(`${kernel}/osrelease`) ?? "").trim(),
    bootId: (findShortText(`${kernel}/random/boot_id`) ?? "").trim(),
    cpus: (findText(`${procRoot}/stat`) ?? "").match(/^cpu\d+ /gm)?.length ?? 0,
    memoryBytes: BigInt(memoryKib ?? 0) * 1024n,
  };
}

/** Which disk a block device is on: a partition's disk, and what a mapped device (LVM, dm-crypt) lies on where that is one. */
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { posix } from "node:path";
import { absentAsUndefined } from "./read-proc-text.ts";

export interface Disk {
  readonly name: string;
  /** undefined: the kernel does not say. */
  readonly isSolidState: boolean | undefined;
}

/** Mapped devices on mapped devices; more is no disk of a node. */
const MAX_DEPTH = 8;

/** `device` as in /proc/diskstats, `sysRoot` is "/sys" but for tests. undefined: there is no such device. */
export function findDisk(sysRoot: string, device: string): Disk | undefined {
  return absentAsUndefined(() => {
    let place = realpathSync(posix.join(sysRoot, "class/block", device.replaceAll("/", "!")));
    for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
      if (existsSync(posix.join(place, "partition"))) {
        place = posix.dirname(place);
      }
      const [below, ...others] = existsSync(posix.join(place, "slaves"))
        ? readdirSync(posix.join(place, "slaves"))
        : [];
      if (below === undefined || others.length > 0) {
        break;
      }
      place = realpathSync(posix.join(sysRoot, "class/block", below));
    }
    const rotational = absentAsUndefined(() =>
      readFileSync(posix.join(place, "queue/rotational"), "utf8").trim(),
    );
    return {
      name: posix.basename(place),
      isSolidState: rotational === undefined ? undefined : rotational === "0",
    };
  });
}

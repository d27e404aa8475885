/** Makes one disk slow for everybody who uses it: a limit on its writes in the block I/O controller of cgroup v1. */

import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { findWhyNotRoot, unavailable, type Unavailable } from "./availability.ts";
import type { Disk } from "./disk.ts";

export interface DiskThrottle {
  readonly kind: "available";
  /** One fdatasync takes several writes, so at 20 a second it takes some hundred milliseconds. */
  slow(writesPerSecond: number): void;
  /** Takes the limit away. */
  restore(): void;
}

/** The limit of the root group holds for the journal's kernel thread too, as a device that is slow does. */
const LIMIT_FILE = "/sys/fs/cgroup/blkio/blkio.throttle.write_iops_device";

/** Linux packs a device number as glibc's makedev does; loop devices and disks have small ones. */
function deviceNumberOf(path: string): string {
  const { dev } = statSync(path);
  return `${(dev >> 8) & 0xfff}:${dev & 0xff}`;
}

export function createDiskThrottle(disk: Disk): DiskThrottle | Unavailable {
  const notRoot = findWhyNotRoot();
  if (notRoot) {
    return notRoot;
  }
  if (disk.filesystem !== "ext4" || !existsSync(LIMIT_FILE)) {
    return unavailable("needs loop devices and the block I/O controller of cgroup v1");
  }
  if (!/^\d+:[^:]*\bblkio\b[^:]*:\/$/m.test(readFileSync("/proc/self/cgroup", "utf8"))) {
    return unavailable("needs to run in the root group of the block I/O controller");
  }
  const device = deviceNumberOf(disk.mountPoint);
  return {
    kind: "available",
    slow: (writesPerSecond) => writeFileSync(LIMIT_FILE, `${device} ${writesPerSecond}`),
    restore: () => writeFileSync(LIMIT_FILE, `${device} 0`),
  };
}

/** A small filesystem of its own for a member, so that a full disk is real and harms nobody else. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { findWhyNotRoot, unavailable, type Unavailable } from "./availability.ts";
import { runCommand } from "./run-command.ts";

export interface Disk {
  readonly kind: "available";
  readonly filesystem: "ext4" | "tmpfs";
  readonly mountPoint: string;
  freeBytes(): number;
  /** Takes every last block; keepBytes stay free. */
  fill(keepBytes?: number): Promise<void>;
  /** Gives back what fill() took. */
  free(): void;
  /** Unmounts and deletes. The processes that use it must be gone. */
  remove(): Promise<void>;
}

export interface DiskOptions {
  /** Holds the image and the mount point; created when missing. */
  readonly dir: string;
  readonly name: string;
  readonly sizeBytes: number;
}

const BLOCK = Buffer.alloc(4096, createHash("sha256").update("ballast").digest());

async function mountExt4(
  options: DiskOptions,
  image: string,
  mountPoint: string,
): Promise<string | undefined> {
  writeFileSync(image, "");
  truncateSync(image, options.sizeBytes);
  const steps = [
    // No blocks kept for root: "full" is the same for everybody.
    ["mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", image],
    ["mount", "-o", "loop,noatime", image, mountPoint],
  ];
  for (const step of steps) {
    const finished = await runCommand(step);
    if (!finished.ok) {
      return finished.stderr.trim();
    }
  }
  return undefined;
}

async function mountTmpfs(options: DiskOptions, mountPoint: string): Promise<string | undefined> {
  const size = `size=${options.sizeBytes}`;
  const finished = await runCommand(["mount", "-t", "tmpfs", "-o", size, "etcdscope-lab", mountPoint]);
  return finished.ok ? undefined : finished.stderr.trim();
}

/** The last block may be free for a while after another writer's delayed allocation: it is asked for until refused. */
async function takeRest(ballast: string): Promise<void> {
  for (;;) {
    try {
      await appendFile(ballast, BLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOSPC") {
        return;
      }
      throw error;
    }
  }
}

async function unmount(mountPoint: string): Promise<void> {
  if (!(await runCommand(["umount", mountPoint])).ok) {
    await runCommand(["umount", "--lazy", mountPoint]);
  }
}

function operate(options: DiskOptions, filesystem: Disk["filesystem"]): Disk {
  const mountPoint = join(options.dir, options.name);
  const ballast = join(mountPoint, ".lab-ballast");
  function freeBytes(): number {
    const { bavail, bsize } = statfsSync(mountPoint);
    return bavail * bsize;
  }
  return {
    kind: "available",
    filesystem,
    mountPoint,
    freeBytes,
    fill: async (keepBytes = 0) => {
      const bytes = freeBytes() - keepBytes;
      const taken =
        bytes > 0 ? await runCommand(["fallocate", "--length", String(bytes), ballast]) : undefined;
      if (keepBytes > 0 && taken?.ok === false) {
        throw new Error(`${bytes} bytes of ${mountPoint} could not be taken: ${taken.stderr.trim()}`);
      }
      if (keepBytes === 0) {
        await takeRest(`${ballast}-rest`);
      }
    },
    free: () => {
      rmSync(ballast, { force: true });
      rmSync(`${ballast}-rest`, { force: true });
    },
    remove: async () => {
      await unmount(mountPoint);
      rmSync(mountPoint, { recursive: true, force: true });
      rmSync(`${mountPoint}.img`, { force: true });
    },
  };
}

/** An ext4 filesystem in a loop-mounted file; tmpfs where there are no loop devices. */
export async function createDisk(options: DiskOptions): Promise<Disk | Unavailable> {
  const notRoot = findWhyNotRoot();
  if (notRoot) {
    return notRoot;
  }
  const mountPoint = join(options.dir, options.name);
  const image = `${mountPoint}.img`;
  mkdirSync(mountPoint, { recursive: true });
  const noExt4 = existsSync("/dev/loop-control")
    ? await mountExt4(options, image, mountPoint)
    : "there are no loop devices";
  if (noExt4 === undefined) {
    return operate(options, "ext4");
  }
  rmSync(image, { force: true });
  const noTmpfs = await mountTmpfs(options, mountPoint);
  if (noTmpfs !== undefined) {
    return unavailable(`no filesystem can be mounted here: ${noExt4}; ${noTmpfs}`);
  }
  return operate(options, "tmpfs");
}

/**
 * A file system that never answers: a FUSE mount whose server reads no request. Whoever asks anything of it waits in the kernel until
 * the file descriptor that the mount belongs to is closed.
 */
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { findWhyNotRoot, unavailable, type Unavailable } from "./availability.ts";

export interface HungFilesystem {
  readonly kind: "available";
  /** Those who wait get an error, and the mount is gone. */
  release(): void;
}

const DEVICE = "/dev/fuse";

export function findWhyNoHungFilesystem(): Unavailable | undefined {
  return findWhyNotRoot() ?? (existsSync(DEVICE) ? undefined : unavailable(`needs ${DEVICE}`));
}

/** In the mount namespace of this process. */
export function mountHungFilesystem(directory: string): HungFilesystem | Unavailable {
  const missing = findWhyNoHungFilesystem();
  if (missing !== undefined) {
    return missing;
  }
  mkdirSync(directory, { recursive: true });
  const descriptor = openSync(DEVICE, "r+");
  const options = "fd=3,rootmode=40000,user_id=0,group_id=0";
  const mounted = spawnSync("mount", ["-i", "-t", "fuse", "hung", directory, "-o", options], {
    stdio: ["ignore", "ignore", "pipe", descriptor],
    encoding: "utf8",
  });
  if (mounted.status !== 0) {
    closeSync(descriptor);
    return unavailable(`cannot mount FUSE: ${mounted.stderr.trim()}`);
  }
  return {
    kind: "available",
    release: () => {
      closeSync(descriptor);
      spawnSync("umount", ["-l", directory]);
    },
  };
}

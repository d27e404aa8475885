/** Makes one disk hang for everybody who writes to it: the kernel holds every write to a frozen filesystem until it is thawed. */
import { unavailable, type Unavailable } from "./availability.ts";
import type { Disk } from "./disk.ts";
import { mustRun, runCommand } from "./run-command.ts";

export interface DiskFreeze {
  readonly kind: "available";
  freeze(): Promise<void>;
  /** Does nothing where it is not frozen. Must come before the filesystem's processes are ended: they cannot die of a write that waits. */
  thaw(): Promise<void>;
}

export function createDiskFreeze(disk: Disk): DiskFreeze | Unavailable {
  if (disk.filesystem !== "ext4") {
    return unavailable("needs loop devices: a tmpfs cannot be frozen");
  }
  let isFrozen = false;
  return {
    kind: "available",
    freeze: async () => {
      isFrozen = true;
      await mustRun(["fsfreeze", "--freeze", disk.mountPoint]);
    },
    thaw: async () => {
      if (isFrozen) {
        await runCommand(["fsfreeze", "--unfreeze", disk.mountPoint]);
        isFrozen = false;
      }
    },
  };
}

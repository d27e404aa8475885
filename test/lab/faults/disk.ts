/** The filesystem under a member's data: slow, stuck, full, shared, or broken. */
import { readdirSync, rmSync, mkdirSync, writeFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { WatchedCluster } from "../../integration/watched-cluster.ts";
import { unavailable } from "../availability.ts";
import { createDiskFreeze } from "../disk-freeze.ts";
import { createDiskThrottle } from "../disk-throttle.ts";
import type { Disk } from "../disk.ts";
import type { EtcdMember } from "../etcd-member.ts";
import { pickFollower, pickLeader, type Fault, type PreparedFault } from "../fault.ts";
import type { Unavailable } from "../availability.ts";
import { startLabProcess, type LabProcess } from "../lab-process.ts";
import { mustRun } from "../run-command.ts";

/** Writes 1 MiB over and over, each time to the disk. */
const WRITER = `const fs = require("node:fs");
const file = fs.openSync(process.argv[1], "w");
for (const block = Buffer.alloc(1024 * 1024, 1); ; fs.fdatasyncSync(file)) fs.writeSync(file, block, 0, block.length, 0);`;

function diskOf(on: WatchedCluster, member: EtcdMember): Disk {
  const disk = on.disks.get(member.name);
  if (disk === undefined) {
    throw new Error(`${member.name} has no disk of its own`);
  }
  return disk;
}

async function slowDown(on: WatchedCluster, member: EtcdMember): Promise<PreparedFault | Unavailable> {
  const throttle = createDiskThrottle(diskOf(on, member));
  if (throttle.kind === "unavailable") {
    return throttle;
  }
  return await Promise.resolve({
    story: `the disk of ${member.name} does 25 writes a second`,
    causes: [`DISK_SLOW ${member.name}`],
    verdicts: ["degraded"] as const,
    inject: async () => await Promise.resolve(throttle.slow(25)),
    heal: async () => await Promise.resolve(throttle.restore()),
  });
}

async function freeze(on: WatchedCluster, member: EtcdMember): Promise<PreparedFault | Unavailable> {
  const disk = createDiskFreeze(diskOf(on, member));
  if (disk.kind === "unavailable") {
    return disk;
  }
  return await Promise.resolve({
    story: `every write to the disk of ${member.name} waits`,
    causes: [`DISK_STALLED ${member.name}`],
    verdicts: ["degraded", "at-risk"] as const,
    inject: async () => await disk.freeze(),
    heal: async () => await disk.thaw(),
  });
}

export const DISK_FAULTS: readonly Fault[] = [
  {
    name: "disk-slow-follower",
    causeWithinMs: 30_000,
    quietWithinMs: 120_000,
    prepare: async (on) => await slowDown(on, await pickFollower(on)),
  },
  {
    name: "disk-slow-leader",
    leavesTrace: true,
    causeWithinMs: 30_000,
    quietWithinMs: 120_000,
    prepare: async (on) => await slowDown(on, await pickLeader(on)),
  },
  {
    name: "disk-hangs-follower",
    causeWithinMs: 15_000,
    quietWithinMs: 120_000,
    prepare: async (on) => await freeze(on, await pickFollower(on)),
  },
  {
    name: "disk-hangs-leader",
    leavesTrace: true,
    causeWithinMs: 15_000,
    quietWithinMs: 120_000,
    prepare: async (on) => await freeze(on, await pickLeader(on)),
  },
  {
    name: "noisy-neighbour",
    causeWithinMs: 45_000,
    quietWithinMs: 150_000,
    prepare: async (on) => {
      const member = await pickFollower(on);
      const folder = join(diskOf(on, member).mountPoint, "neighbour");
      const writers: LabProcess[] = [];
      return await Promise.resolve({
        story: `four other processes write to the disk of ${member.name} as fast as it takes it`,
        causes: [`DISK_CONTENDED ${member.name}`],
        verdicts: ["degraded", "healthy"] as const,
        inject: async () => {
          mkdirSync(folder, { recursive: true });
          for (let count = 0; count < 4; count += 1) {
            writers.push(
              await startLabProcess({
                command: [process.execPath, "-e", WRITER, join(folder, String(count))],
                logPath: join(on.dir, "neighbour.log"),
              }),
            );
          }
        },
        heal: async () => {
          await Promise.all(writers.map(async (writer) => await writer.stop("SIGKILL")));
          rmSync(folder, { recursive: true, force: true });
        },
      });
    },
  },
  {
    name: "disk-full",
    leavesTrace: true,
    isShort: true,
    prepare: async (on) => {
      const member = await pickFollower(on);
      const disk = diskOf(on, member);
      return {
        story: `the disk of ${member.name} is filled to its last block`,
        causes: [`DISK_FULL ${member.name}`],
        verdicts: ["degraded", "at-risk"],
        inject: async () => await disk.fill(),
        heal: async () => {
          disk.free();
          await member.start();
        },
      };
    },
  },
  {
    name: "disk-nearly-full",
    causeWithinMs: 15_000,
    prepare: async (on) => {
      const member = await pickFollower(on);
      const disk = diskOf(on, member);
      return {
        story: `the disk of ${member.name} has 24 MiB left`,
        causes: [`DISK_NEARLY_FULL ${member.name}`],
        verdicts: ["healthy"],
        inject: async () => await disk.fill(24 * 1024 * 1024),
        heal: async () => await Promise.resolve(disk.free()),
      };
    },
  },
  {
    name: "inodes-full",
    causeWithinMs: 15_000,
    prepare: async (on) => {
      const member = await pickFollower(on);
      const folder = join(diskOf(on, member).mountPoint, "many");
      return {
        story: `the disk of ${member.name} has no inode left`,
        causes: [`INODES_EXHAUSTED ${member.name}`],
        verdicts: ["degraded"],
        inject: async () => {
          mkdirSync(folder, { recursive: true });
          for (let count = 0; count < 1_000_000; count += 1) {
            try {
              writeFileSync(join(folder, String(count)), "");
            } catch {
              break;
            }
          }
          await Promise.resolve();
        },
        heal: async () => await Promise.resolve(rmSync(folder, { recursive: true, force: true })),
      };
    },
  },
  {
    name: "disk-read-only",
    spoils: true,
    prepare: async (on) => {
      const member = await pickFollower(on);
      const disk = diskOf(on, member);
      const { dev } = statSync(disk.mountPoint);
      const trigger = `/sys/fs/ext4/loop${dev & 0xff}/trigger_fs_error`;
      if (disk.filesystem !== "ext4" || !readdirSync("/sys/fs").includes("ext4")) {
        return unavailable("needs ext4 on loop devices");
      }
      return {
        story: `the kernel finds an error on the filesystem of ${member.name} and makes it read-only`,
        causes: [`FS_READ_ONLY ${member.name}`],
        verdicts: ["degraded", "at-risk"],
        inject: async () => {
          await mustRun(["mount", "-o", "remount,errors=remount-ro", disk.mountPoint]);
          writeFileSync(trigger, "lab");
        },
        heal: async () => await member.kill(),
      };
    },
  },
];

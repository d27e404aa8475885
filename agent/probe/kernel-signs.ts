/** What the kernel says about disks, file systems, stuck tasks and kills for memory, as signs. Pure: its words → what they mean. */

export type KernelCode =
  | "OOM_KILL"
  | "IO_ERROR"
  | "FS_ERROR"
  | "FS_SHUTDOWN"
  | "FS_READ_ONLY"
  | "FS_MOUNTED"
  | "HUNG_TASK"
  | "DISK_RESET";

export interface KernelSign {
  readonly code: KernelCode;
  /** As in /proc/diskstats; empty where it is not about a device. */
  readonly device: string;
  /** 0 where it is not about a process. */
  readonly pid: number;
  readonly process: string;
}

interface Pattern {
  readonly code: KernelCode;
  /** Named groups: device, pid, process. */
  readonly match: RegExp;
}

// Words of Linux 5.x and 6.x; the file that prints them beside each.
const PATTERNS: readonly Pattern[] = [
  // mm/oom_kill.c
  {
    code: "OOM_KILL",
    match: /(?:Out of memory|Memory cgroup out of memory): Killed process (?<pid>\d+) \((?<process>[^)]*)\)/,
  },
  // kernel/hung_task.c
  {
    code: "HUNG_TASK",
    match: /INFO: task (?<process>.+):(?<pid>\d+) blocked(?: in I\/O wait)? for more than \d+ seconds/,
  },
  // fs/ext4/super.c, fs/xfs/xfs_log_recover.c: for writing; what the kernel said of the device before was of the mount before, or of another disk.
  {
    code: "FS_MOUNTED",
    match: /EXT4-fs \((?<device>[\w!-]+)\): mounted filesystem(?! \S+ ro )/,
  },
  { code: "FS_MOUNTED", match: /XFS \((?<device>[\w!-]+)\): Ending (?:clean mount|recovery)/ },
  // fs/ext4/super.c, fs/xfs/xfs_fsops.c, fs/btrfs
  {
    code: "FS_READ_ONLY",
    match:
      /(?:EXT4-fs|BTRFS [a-z]+) \((?:device )?(?<device>[\w!-]+)[^)]*\):? .*(?:[Rr]emounting filesystem read-only|forced readonly)/,
  },
  {
    code: "FS_SHUTDOWN",
    match: /XFS \((?<device>[\w!-]+)\): .*(?:[Ss]hut(?:ting)? ?down|Filesystem has been shut down)/,
  },
  { code: "FS_SHUTDOWN", match: /EXT4-fs \((?<device>[\w!-]+)\): shut down requested/ },
  { code: "FS_SHUTDOWN", match: /Aborting journal on device (?<device>[\w!-]+?)(?:-\d+)?\./ },
  {
    code: "FS_ERROR",
    match:
      /(?:EXT4-fs error|EXT4-fs warning|EXT4-fs) \(device (?<device>[\w!-]+)\): (?!.*mounted filesystem)/,
  },
  {
    code: "FS_ERROR",
    match:
      /XFS \((?<device>[\w!-]+)\): (?:Metadata corruption|Corruption|metadata I\/O error|Internal error)/,
  },
  { code: "FS_ERROR", match: /BTRFS (?:error|critical) \(device (?<device>[\w!-]+)/ },
  {
    code: "FS_ERROR",
    match:
      /JBD2: (?:Detected IO errors while flushing file data on|Error -?\d+ detected when updating journal superblock for) (?<device>[\w!-]+?)(?:-\d+)?\.?$/,
  },
  // block/blk-core.c, fs/buffer.c
  {
    code: "IO_ERROR",
    match:
      /(?:I\/O|medium|target|nexus|timeout|transport|space allocation|protection) error, dev (?<device>[\w!-]+), sector/,
  },
  { code: "IO_ERROR", match: /Buffer I\/O error on (?:dev|device) (?<device>[\w!-]+)/ },
  { code: "IO_ERROR", match: /lost (?:async )?(?:page|sync page) write.*dev (?<device>[\w!-]+)/ },
  // drivers/nvme, drivers/ata, drivers/scsi
  {
    code: "DISK_RESET",
    match: /(?<device>nvme\d+)(?:n\d+)?: (?:I\/O .* timeout|controller is down; will reset|Device not ready)/,
  },
  {
    code: "DISK_RESET",
    match: /(?<device>ata\d+)(?:\.\d+)?: (?:hard resetting link|exception Emask|failed command)/,
  },
];

/** undefined: nothing of ours. */
export function readKernelSign(message: string): KernelSign | undefined {
  for (const { code, match } of PATTERNS) {
    const groups = match.exec(message)?.groups;
    if (groups !== undefined) {
      const { device = "", pid = "0", process = "" } = groups;
      return { code, device: device.replaceAll("!", "/"), pid: Number(pid), process };
    }
  }
  return undefined;
}

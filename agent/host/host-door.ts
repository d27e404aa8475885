/**
 * The only door to the machine: what discovery and probes may ask of /proc, /sys and the host's file systems.
 *
 * Methods that return at once read /proc or /sys, which never hang. Methods that return a promise touch file systems that may
 * hang (etcd's disk): each kind of them waits in a lane of its own, so that a hung file system holds one thread a lane
 * and a caller's AbortSignal ends the caller's wait, never the agent. They reject with EtcdscopeErrors whose reason is one of
 * FILE_FAILURES in translate-file-error.ts.
 *
 * "Nothing there" is undefined: a process that goes between two reads is absence, not an error.
 */
import type { DiskStat } from "./parse-diskstats.ts";
import type { Mount } from "./parse-mountinfo.ts";
import type { TcpCounters } from "./parse-tcp-counters.ts";
import type { ProcessStat } from "./parse-stat.ts";
import type { CgroupFigures, CgroupPlace } from "./read-cgroup.ts";
import type { HostPressure } from "./read-pressure.ts";
import type { ProcessShare } from "./read-process-share.ts";
import type { LogPart, LogPlace } from "./read-log-part.ts";

export interface FilesystemUsage {
  readonly sizeBytes: number;
  /** What an unprivileged process may still write. */
  readonly availableBytes: number;
  readonly files: number;
  readonly filesFree: number;
}

export interface FileFacts {
  readonly kind: "file" | "directory" | "other";
  readonly inode: number;
  /** Major and minor number of the device as in mountinfo, "254:0". */
  readonly device: string;
  readonly sizeBytes: number;
  /** Permission bits, such as 0o600. */
  readonly mode: number;
  readonly modifiedAtMs: number;
}

export interface NodeInventory {
  readonly hostname: string;
  readonly kernel: string;
  readonly bootId: string;
  readonly cpus: number;
  readonly memoryBytes: bigint;
}

/** An operation on a file system that has not come back. */
export interface PendingOperation {
  readonly lane: string;
  readonly what: string;
  readonly forMs: number;
}

export interface HostDoor {
  /** Where proc is mounted: "/proc", or a tree that stands in for it. */
  readonly procRoot: string;

  listProcessIds(): readonly number[];
  /** The kernel's short name of a process (comm), at most 15 characters. */
  findProcessName(pid: number): string | undefined;
  findProcessStat(pid: number): ProcessStat | undefined;
  /** argv; undefined also when it may not be read. */
  findProcessArguments(pid: number): readonly string[] | undefined;
  findProcessEnvironment(pid: number): Readonly<Record<string, string>> | undefined;
  /** Path of the executable as the process sees it, without " (deleted)". */
  findProcessExecutable(pid: number): string | undefined;
  findProcessDirectory(pid: number): string | undefined;
  /** What its standard error is: a path, "pipe:[…]", "socket:[…]". */
  findProcessErrorOutput(pid: number): string | undefined;
  findResidentBytes(pid: number): number | undefined;
  findOpenFileCount(pid: number): number | undefined;
  findOpenFileLimit(pid: number): number | undefined;
  /** Path of the control group that names who started the process. */
  findProcessCgroup(pid: number): string | undefined;
  /** The kernel function that a sleeping process waits in; undefined when it does not sleep, or may not be seen. */
  findWaitChannel(pid: number): string | undefined;
  /** Bytes that the process has had written to storage of any kind. */
  findWrittenBytes(pid: number): number | undefined;
  /** Of the network namespace of a process; undefined when that may not be seen. */
  findTcpCounters(pid: number): TcpCounters | undefined;
  findProcessShare(pid: number): ProcessShare | undefined;
  findCgroup(pid: number): CgroupPlace | undefined;
  readCgroup(place: CgroupPlace): CgroupFigures;
  readPressure(): HostPressure;
  /** Whether the process has the same mounts as the agent; undefined when that may not be seen. */
  sharesMounts(pid: number): boolean | undefined;
  /** The mounts as a process (or the agent: "self") sees them; empty when they may not be seen. */
  readMounts(pid: number | "self"): readonly Mount[];
  readDiskStats(): readonly DiskStat[];
  readNodeInventory(): NodeInventory;
  /** Milliseconds that the machine has been up. */
  readUptimeMs(): number;

  readFilesystemUsage(path: string, signal: AbortSignal): Promise<FilesystemUsage>;
  /** Facts of a directory on a file system that may hang, in the lane of readFilesystemUsage. Follows symbolic links. */
  readDirectoryFacts(path: string, signal: AbortSignal): Promise<FileFacts>;
  /** Facts of a small file such as a certificate. Follows symbolic links. */
  readFileFacts(path: string, signal: AbortSignal): Promise<FileFacts>;
  /** The bytes of a small file; refuses above maxBytes and anything that is not a regular file. */
  readSmallFile(path: string, maxBytes: number, signal: AbortSignal): Promise<Buffer>;
  /** What was appended to a log file since `from`; a bounded part. A lane of its own: logs may be on another disk. */
  readLogPart(path: string, from: LogPlace | undefined, signal: AbortSignal): Promise<LogPart>;
  /** Names in a directory of logs, in the same lane. */
  listDirectory(path: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Writes 2300 bytes to a file that this call makes in the directory, fdatasyncs and removes it. Returns the seconds. */
  measureFsync(directory: string, signal: AbortSignal): Promise<number>;
  /** Removes what a crashed agent may have left in the directory. */
  removeStaleFsyncFile(directory: string, signal: AbortSignal): Promise<void>;

  /** Operations that have been under way for longer than a second. */
  pendingOperations(): readonly PendingOperation[];
}

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
import type { Disk } from "./find-disk.ts";
import type { DiskStat } from "./parse-diskstats.ts";
import type { Mount } from "./parse-mountinfo.ts";
import type { TcpCounters } from "./parse-tcp-counters.ts";
import type { ProcessStat } from "./parse-stat.ts";
import type { CgroupFigures, CgroupPlace } from "./read-cgroup.ts";
import type { HostPressure } from "./read-pressure.ts";
import type { ProcessShare } from "./read-process-share.ts";
import type { ListedFile } from "./list-files.ts";
import type { JournalPart, JournalPlace } from "./journal-reader.ts";
import type { KernelPart } from "./kernel-log.ts";
import type { FirewallWanted } from "./firewall-rules.ts";
import type { FirewallLook } from "./read-firewall.ts";
import type { DiagnosticsLook, DiagnosticsWanted } from "./read-socket-diagnostics.ts";
import type { UnitEnd } from "./read-unit-end.ts";
import type { ListenAddress, PortHolder } from "./find-port-holders.ts";
import type { ProcessUser } from "./parse-process-user.ts";
import type { LogSpan, LogStart } from "./find-log-start.ts";
import type { LogFrom, LogPart } from "./read-log-part.ts";

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
  /** Numbers of its owner and group. */
  readonly uid: number;
  readonly gid: number;
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
  /** Who it acts as when it opens files. */
  findProcessUser(pid: number): ProcessUser | undefined;
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
  /** Segments lost between others that arrived, in the same namespace. */
  findTcpHoles(pid: number): number | undefined;
  findProcessShare(pid: number): ProcessShare | undefined;
  findCgroup(pid: number): CgroupPlace | undefined;
  readCgroup(place: CgroupPlace): CgroupFigures;
  readPressure(): HostPressure;
  /** Whether the process has the same mounts as the agent; undefined when that may not be seen. */
  sharesMounts(pid: number): boolean | undefined;
  /** Whether the process has the same network as the agent; undefined when that may not be seen. */
  sharesNetwork(pid: number): boolean | undefined;
  /** Who listens, in the agent's own network or in that of a process, where `wanted` is to; undefined when that may not be seen. */
  findPortHolders(wanted: readonly ListenAddress[], of?: number): readonly PortHolder[] | undefined;
  /** The mounts as a process (or the agent: "self") sees them; empty when they may not be seen. */
  readMounts(pid: number | "self"): readonly Mount[];
  readDiskStats(): readonly DiskStat[];
  readNodeInventory(): NodeInventory;
  /** The disk beneath a device of readDiskStats; undefined: there is no such device. */
  findDisk(device: string): Disk | undefined;
  /** Milliseconds that the machine has been up. */
  readUptimeMs(): number;
  /** Load of the last minute; undefined where the kernel does not say. */
  findLoad(): number | undefined;
  /** New records of the kernel's log, at most so many; throws where it may not be read. */
  readKernelLog(limit: number): KernelPart;

  readFilesystemUsage(path: string, signal: AbortSignal): Promise<FilesystemUsage>;
  /** Facts of a directory on a file system that may hang, in the lane of readFilesystemUsage. Follows symbolic links. */
  readDirectoryFacts(path: string, signal: AbortSignal): Promise<FileFacts>;
  /** Facts of a small file such as a certificate. Follows symbolic links. */
  readFileFacts(path: string, signal: AbortSignal): Promise<FileFacts>;
  /** The bytes of a small file; refuses above maxBytes and anything that is not a regular file. */
  readSmallFile(path: string, maxBytes: number, signal: AbortSignal): Promise<Buffer>;
  /** `length` bytes at the front of a file on a file system that may hang, in the lane of readFilesystemUsage. */
  readFileFront(path: string, length: number, signal: AbortSignal): Promise<Buffer>;
  /** What was appended to a log file since `from`; a bounded part. A lane of its own: logs may be on another disk. */
  readLogPart(path: string, from: LogFrom, signal: AbortSignal): Promise<LogPart>;
  /** Where to begin to read what was said since a time, also in the file that was rotated away; in the lane of readLogPart. */
  findLogStart(path: string, span: LogSpan, signal: AbortSignal): Promise<LogStart>;
  /** What has come to the journal of a unit since the last part; see journal-reader.ts. */
  readJournal(place: JournalPlace): Promise<JournalPart>;
  closeJournal(): void;
  /** How systemd says that a unit's main process ended; undefined where it cannot tell. Costs a child process. */
  readUnitEnd(unit: string): Promise<UnitEnd | undefined>;
  /** Rules of the packet filter, in the agent's own network, that concern these. Costs up to three child processes. */
  readFirewall(wanted: FirewallWanted, signal: AbortSignal): Promise<FirewallLook>;
  /** What TCP keeps of connections in the agent's own network. Costs a child process. */
  readSocketDiagnostics(wanted: DiagnosticsWanted, signal: AbortSignal): Promise<DiagnosticsLook>;
  /** Names in a directory of logs, in the lane of readLogPart. */
  listDirectory(path: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Names in a directory of small files, in the lane of readFileFacts. */
  listFileNames(path: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Regular files there and one level below; bounded. A lane of its own: backups are often on a network's file system. */
  listFiles(path: string, signal: AbortSignal): Promise<readonly ListedFile[]>;
  /** The same of etcd's own directories, in the lane of readFilesystemUsage. */
  listDataFiles(path: string, signal: AbortSignal): Promise<readonly ListedFile[]>;
  /** As readFilesystemUsage, in the lane of listFiles. */
  readRoomAside(path: string, signal: AbortSignal): Promise<FilesystemUsage>;
  /** Fills the buffer from an offset of a file, in the lane of listFiles; returns the bytes read. */
  readFileInto(
    path: string,
    from: { readonly offset: number; readonly buffer: Buffer },
    signal: AbortSignal,
  ): Promise<number>;
  /** Writes 2300 bytes to a file that this call makes in the directory, fdatasyncs and removes it. Returns the seconds. */
  measureFsync(directory: string, signal: AbortSignal): Promise<number>;
  /** Removes what a crashed agent may have left in the directory. */
  removeStaleFsyncFile(directory: string, signal: AbortSignal): Promise<void>;

  /** Operations that have been under way for longer than a second. */
  pendingOperations(): readonly PendingOperation[];
}

/** The HostDoor of a Linux machine, over a proc tree whose place is given: tests point it at a captured one. */
import { readdirSync, statSync } from "node:fs";
import { open, readdir, stat, statfs } from "node:fs/promises";

import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import { findDisk } from "./find-disk.ts";
import { findPortHolders } from "./find-port-holders.ts";
import { findWrittenBytes } from "./find-written-bytes.ts";
import { measureFsyncFile, removeStaleFsyncFile } from "./fsync-file.ts";
import type { FileFacts, FilesystemUsage, HostDoor, PendingOperation } from "./host-door.ts";
import { JournalReader } from "./journal-reader.ts";
import { KernelLog } from "./kernel-log.ts";
import type { KernelPart } from "./kernel-log.ts";
import { readUnitEnd } from "./read-unit-end.ts";
import { createLane } from "./lane.ts";
import type { Lane } from "./lane.ts";
import { parseCgroup } from "./parse-cgroup.ts";
import { parseDiskstats } from "./parse-diskstats.ts";
import { parseLoad } from "./parse-load.ts";
import { parseMountinfo } from "./parse-mountinfo.ts";
import type { Mount } from "./parse-mountinfo.ts";
import { parseProcessUser } from "./parse-process-user.ts";
import { parseOpenFilesLimit, parseResidentBytes } from "./parse-process-limits.ts";
import { parseTcpCounters, parseTcpHoles } from "./parse-tcp-counters.ts";
import { parseStat } from "./parse-stat.ts";
import type { ProcessStat } from "./parse-stat.ts";
import { CgroupReader } from "./read-cgroup.ts";
import { listFiles } from "./list-files.ts";
import { findLogStart } from "./find-log-start.ts";
import { readLogPart } from "./read-log-part.ts";
import { readNodeInventory } from "./read-node-inventory.ts";
import { readHostPressure } from "./read-pressure.ts";
import { readSocketDiagnostics } from "./read-socket-diagnostics.ts";
import { findProcessShare } from "./read-process-share.ts";
import { absentAsUndefined, findLink, findShortText, findText } from "./read-proc-text.ts";
import { translateFileError } from "./translate-file-error.ts";

export interface LinuxHostOptions {
  readonly clock: Clock;
  /** "/proc" unless a test says otherwise. */
  readonly procRoot?: string;
  /** "/sys/fs/cgroup" unless a test says otherwise. */
  readonly cgroupRoot?: string;
  /** "/sys" unless a test says otherwise. */
  readonly sysRoot?: string;
  /** The machine's journal unless a test says otherwise. */
  readonly journalDirectory?: string;
}

/** Two probes of one tick that ask about one process are told the same. */
const SAME_LOOK_US = 2000;
/** Whose mounts are kept: the agent's own, the first process's, etcd's. */
const MAX_MOUNT_TABLES = 3;
/** An operation younger than this is not called pending. */
const PENDING_AFTER_MS = 1000;

export function createLinuxHost(options: LinuxHostOptions): HostDoor {
  const { clock, procRoot = "/proc", cgroupRoot = "/sys/fs/cgroup", sysRoot = "/sys" } = options;
  const cgroups = new CgroupReader(procRoot, cgroupRoot);
  const journal = new JournalReader({
    clock,
    ...(options.journalDirectory === undefined ? {} : { directory: options.journalDirectory }),
  });
  const kernel = new KernelLog();
  let lastStat:
    { readonly pid: number; readonly atUs: number; readonly stat: ProcessStat | undefined } | undefined;
  const lastMounts = new Map<number | "self", { readonly text: string; readonly mounts: readonly Mount[] }>();
  const lanes = {
    filesystem: createLane("filesystem", clock),
    file: createLane("file", clock),
    fsync: createLane("fsync", clock),
    log: createLane("log", clock),
    backup: createLane("backup", clock),
  };
  return {
    procRoot,
    listProcessIds: () => readdirSync(procRoot).map(Number).filter(Number.isInteger),
    findProcessName: (pid) => findShortText(`${procRoot}/${pid}/comm`)?.trimEnd(),
    findProcessStat: (pid) => {
      const nowUs = clock.monotonicUs();
      if (lastStat?.pid !== pid || nowUs - lastStat.atUs > SAME_LOOK_US) {
        const text = findShortText(`${procRoot}/${pid}/stat`);
        lastStat = { pid, atUs: nowUs, stat: text === undefined ? undefined : parseStat(text) };
      }
      return lastStat.stat;
    },
    findProcessArguments: (pid) => splitZeros(findText(`${procRoot}/${pid}/cmdline`)),
    findProcessEnvironment: (pid) => parseEnvironment(findText(`${procRoot}/${pid}/environ`)),
    findProcessExecutable: (pid) => findLink(`${procRoot}/${pid}/exe`)?.replace(/ \(deleted\)$/, ""),
    findProcessDirectory: (pid) => findLink(`${procRoot}/${pid}/cwd`),
    findProcessErrorOutput: (pid) => findLink(`${procRoot}/${pid}/fd/2`)?.replace(/ \(deleted\)$/, ""),
    findProcessUser: (pid) => parseProcessUser(findShortText(`${procRoot}/${pid}/status`) ?? ""),
    findResidentBytes: (pid) => parseResidentBytes(findShortText(`${procRoot}/${pid}/status`) ?? ""),
    findOpenFileCount: (pid) => countEntries(`${procRoot}/${pid}/fd`),
    findOpenFileLimit: (pid) => parseOpenFilesLimit(findShortText(`${procRoot}/${pid}/limits`) ?? ""),
    findProcessCgroup: (pid) => {
      const text = findText(`${procRoot}/${pid}/cgroup`);
      return text === undefined ? undefined : parseCgroup(text);
    },
    findWaitChannel: (pid) => {
      const channel = findShortText(`${procRoot}/${pid}/wchan`);
      return channel === undefined || channel === "" || channel === "0" ? undefined : channel;
    },
    findWrittenBytes: (pid) => findWrittenBytes(procRoot, pid),
    findTcpCounters: (pid) => {
      const text = findShortText(`${procRoot}/${pid}/net/snmp`);
      return text === undefined ? undefined : parseTcpCounters(text);
    },
    findTcpHoles: (pid) => {
      // Longer than a page.
      const text = findText(`${procRoot}/${pid}/net/netstat`);
      return text === undefined ? undefined : parseTcpHoles(text);
    },
    findProcessShare: (pid) => findProcessShare(procRoot, pid),
    findCgroup: (pid) => cgroups.findPlace(pid),
    readCgroup: (place) => cgroups.read(place),
    readPressure: () => readHostPressure(procRoot),
    sharesMounts: (pid) => {
      const theirs = findLink(`${procRoot}/${pid}/ns/mnt`);
      return theirs === undefined ? undefined : theirs === findLink(`${procRoot}/self/ns/mnt`);
    },
    sharesNetwork: (pid) => {
      const theirs = findLink(`${procRoot}/${pid}/ns/net`);
      return theirs === undefined ? undefined : theirs === findLink(`${procRoot}/self/ns/net`);
    },
    findPortHolders: (wanted, of) => findPortHolders(procRoot, wanted, of),
    readMounts: (pid) => {
      const text = findText(`${procRoot}/${pid}/mountinfo`) ?? "";
      // A node of a cluster has hundreds, and they hardly ever change.
      const last = lastMounts.get(pid);
      if (last?.text === text) {
        return last.mounts;
      }
      if (last === undefined && lastMounts.size >= MAX_MOUNT_TABLES) {
        lastMounts.clear();
      }
      const mounts = parseMountinfo(text);
      lastMounts.set(pid, { text, mounts });
      return mounts;
    },
    readDiskStats: () => parseDiskstats(findText(`${procRoot}/diskstats`) ?? ""),
    readNodeInventory: () => readNodeInventory(procRoot),
    findDisk: (device) => findDisk(sysRoot, device),
    readUptimeMs: () => Number.parseFloat(findShortText(`${procRoot}/uptime`) ?? "0") * 1000,
    findLoad: () => parseLoad(findShortText(`${procRoot}/loadavg`) ?? ""),
    readFilesystemUsage: (path, signal) =>
      inLane(lanes.filesystem, { what: `statfs ${path}`, path, signal }, () => readUsage(path)),
    readDirectoryFacts: (path, signal) =>
      inLane(lanes.filesystem, { what: `stat ${path}`, path, signal }, () => readFacts(path)),
    readFileFacts: (path, signal) =>
      inLane(lanes.file, { what: `stat ${path}`, path, signal }, () => readFacts(path)),
    readSmallFile: (path, maxBytes, signal) =>
      inLane(lanes.file, { what: `read ${path}`, path, signal }, () => readSmall(path, maxBytes)),
    readFileFront: (path, length, signal) =>
      inLane(lanes.filesystem, { what: `read ${path}`, path, signal }, () => readFront(path, length)),
    readLogPart: (path, from, signal) =>
      inLane(lanes.log, { what: `read ${path}`, path, signal }, () => readLogPart(path, from)),
    findLogStart: (path, span, signal) =>
      inLane(lanes.log, { what: `read ${path}`, path, signal }, () => findLogStart(path, span)),
    readJournal: async (place) => await journal.read(place),
    closeJournal: () => journal.close(),
    readUnitEnd,
    readFirewall: async (wanted, signal) => {
      // Loaded only here: what is looked at once an hour is not to stay in memory.
      const { readFirewall } = await import("./read-firewall.ts");
      return await readFirewall(wanted, signal);
    },
    readSocketDiagnostics,
    readKernelLog: (limit) => readKernel(kernel, limit),
    listDirectory: (path, signal) =>
      inLane(lanes.log, { what: `list ${path}`, path, signal }, () => readdir(path)),
    listFileNames: (path, signal) =>
      inLane(lanes.file, { what: `list ${path}`, path, signal }, () => readdir(path)),
    listDataFiles: (path, signal) =>
      inLane(lanes.filesystem, { what: `list ${path}`, path, signal }, () => listFiles(path, readFacts)),
    listFiles: (path, signal) =>
      inLane(lanes.backup, { what: `list ${path}`, path, signal }, () => listFiles(path, readFacts)),
    readRoomAside: (path, signal) =>
      inLane(lanes.backup, { what: `statfs ${path}`, path, signal }, () => readUsage(path)),
    readFileInto: (path, from, signal) =>
      inLane(lanes.backup, { what: `read ${path}`, path, signal }, () => readInto(path, from)),
    measureFsync: (directory, signal) =>
      inLane(lanes.fsync, { what: `fdatasync in ${directory}`, path: directory, signal }, () =>
        measureFsyncFile(directory, clock),
      ),
    removeStaleFsyncFile: (directory, signal) =>
      inLane(lanes.fsync, { what: `unlink in ${directory}`, path: directory, signal }, () =>
        removeStaleFsyncFile(directory),
      ),
    pendingOperations: () =>
      Object.entries(lanes).flatMap(([name, lane]): PendingOperation[] => {
        const operation = lane.active();
        return operation !== undefined && operation.forMs >= PENDING_AFTER_MS
          ? [{ lane: name, ...operation }]
          : [];
      }),
  };
}

function readKernel(kernel: KernelLog, limit: number): KernelPart {
  try {
    return kernel.read(limit);
  } catch (caught) {
    throw translateFileError(caught, "/dev/kmsg");
  }
}

interface LaneCall {
  readonly what: string;
  readonly path: string;
  readonly signal: AbortSignal;
}

async function inLane<T>(lane: Lane, call: LaneCall, work: () => Promise<T>): Promise<T> {
  return await lane.run(
    call.what,
    async () => {
      try {
        return await work();
      } catch (caught) {
        throw translateFileError(caught, call.path);
      }
    },
    call.signal,
  );
}

async function readUsage(path: string): Promise<FilesystemUsage> {
  const usage = await statfs(path);
  return {
    sizeBytes: usage.blocks * usage.bsize,
    availableBytes: usage.bavail * usage.bsize,
    files: usage.files,
    filesFree: usage.ffree,
  };
}

async function readFacts(path: string): Promise<FileFacts> {
  const facts = await stat(path);
  return {
    kind: facts.isFile() ? "file" : facts.isDirectory() ? "directory" : "other",
    inode: facts.ino,
    device: formatDevice(facts.dev),
    sizeBytes: facts.size,
    mode: facts.mode & 0o7777,
    uid: facts.uid,
    gid: facts.gid,
    modifiedAtMs: facts.mtimeMs,
  };
}

async function readSmall(path: string, maxBytes: number): Promise<Buffer> {
  // Looked at before it is opened: opening a pipe would wait for a writer.
  const facts = await stat(path);
  if (!facts.isFile() || facts.size > maxBytes) {
    throw new EtcdscopeError(
      "LIMIT_EXCEEDED",
      `${path} should be a file of at most ${maxBytes} bytes${facts.isFile() ? `, it has ${facts.size}` : ""}`,
      { reason: "not_a_small_file" },
    );
  }
  const file = await open(path, "r");
  try {
    const buffer = Buffer.alloc(maxBytes);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, maxBytes - length);
      length += bytesRead;
      if (bytesRead === 0 || length === maxBytes) {
        return buffer.subarray(0, length);
      }
    }
  } finally {
    await file.close();
  }
}

async function readInto(
  path: string,
  { offset, buffer }: { readonly offset: number; readonly buffer: Buffer },
): Promise<number> {
  const file = await open(path, "r");
  try {
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, offset + length);
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) {
        return length;
      }
    }
  } finally {
    await file.close();
  }
}

/** Fewer bytes where the file has fewer. */
async function readFront(path: string, length: number): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Linux packs a device number as glibc's makedev does. */
function formatDevice(device: number): string {
  const low = device >>> 0;
  const high = Math.floor(device / 2 ** 32);
  const major = ((low >>> 8) & 0xfff) | (high & ~0xfff);
  const minor = (low & 0xff) | ((low >>> 12) & 0xfff00) | (high << 20);
  return `${major >>> 0}:${minor >>> 0}`;
}

/** Kernels from 6.2 give the number of descriptors as the directory's size; older ones have it counted. */
function countEntries(directory: string): number | undefined {
  return absentAsUndefined(() => {
    const { size } = statSync(directory);
    return size > 0 ? size : readdirSync(directory).length;
  });
}

/** A process of the kernel, or one that has just gone, has no arguments. */
function splitZeros(text: string | undefined): readonly string[] | undefined {
  if (text === undefined || text === "") {
    return undefined;
  }
  return (text.endsWith("\0") ? text.slice(0, -1) : text).split("\0");
}

function parseEnvironment(text: string | undefined): Readonly<Record<string, string>> | undefined {
  if (text === undefined) {
    return undefined;
  }
  const environment: Record<string, string> = {};
  for (const entry of text.split("\0")) {
    const equals = entry.indexOf("=");
    if (equals > 0) {
      environment[entry.slice(0, equals)] = entry.slice(equals + 1);
    }
  }
  return environment;
}

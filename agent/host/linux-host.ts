/** The HostDoor of a Linux machine, over a proc tree whose place is given: tests point it at a captured one. */
import { readdirSync, statSync } from "node:fs";
import { open, readdir, stat, statfs } from "node:fs/promises";

import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import { findWrittenBytes } from "./find-written-bytes.ts";
import { measureFsyncFile, removeStaleFsyncFile } from "./fsync-file.ts";
import type { FileFacts, HostDoor, PendingOperation } from "./host-door.ts";
import { createLane } from "./lane.ts";
import type { Lane } from "./lane.ts";
import { parseCgroup } from "./parse-cgroup.ts";
import { parseDiskstats } from "./parse-diskstats.ts";
import { parseMountinfo } from "./parse-mountinfo.ts";
import { parseOpenFilesLimit, parseResidentBytes } from "./parse-process-limits.ts";
import { parseTcpCounters } from "./parse-tcp-counters.ts";
import { parseStat } from "./parse-stat.ts";
import { CgroupReader } from "./read-cgroup.ts";
import { readLogPart } from "./read-log-part.ts";
import { readNodeInventory } from "./read-node-inventory.ts";
import { readHostPressure } from "./read-pressure.ts";
import { findProcessShare } from "./read-process-share.ts";
import { absentAsUndefined, findLink, findShortText, findText } from "./read-proc-text.ts";
import { translateFileError } from "./translate-file-error.ts";

export interface LinuxHostOptions {
  readonly clock: Clock;
  /** "/proc" unless a test says otherwise. */
  readonly procRoot?: string;
  /** "/sys/fs/cgroup" unless a test says otherwise. */
  readonly cgroupRoot?: string;
}

/** An operation younger than this is not called pending. */
const PENDING_AFTER_MS = 1000;

export function createLinuxHost(options: LinuxHostOptions): HostDoor {
  const { clock, procRoot = "/proc", cgroupRoot = "/sys/fs/cgroup" } = options;
  const cgroups = new CgroupReader(procRoot, cgroupRoot);
  const lanes = {
    filesystem: createLane("filesystem", clock),
    file: createLane("file", clock),
    fsync: createLane("fsync", clock),
    log: createLane("log", clock),
  };
  return {
    procRoot,
    listProcessIds: () => readdirSync(procRoot).map(Number).filter(Number.isInteger),
    findProcessName: (pid) => findShortText(`${procRoot}/${pid}/comm`)?.trimEnd(),
    findProcessStat: (pid) => {
      const text = findShortText(`${procRoot}/${pid}/stat`);
      return text === undefined ? undefined : parseStat(text);
    },
    findProcessArguments: (pid) => splitZeros(findText(`${procRoot}/${pid}/cmdline`)),
    findProcessEnvironment: (pid) => parseEnvironment(findText(`${procRoot}/${pid}/environ`)),
    findProcessExecutable: (pid) => findLink(`${procRoot}/${pid}/exe`)?.replace(/ \(deleted\)$/, ""),
    findProcessDirectory: (pid) => findLink(`${procRoot}/${pid}/cwd`),
    findProcessErrorOutput: (pid) => findLink(`${procRoot}/${pid}/fd/2`)?.replace(/ \(deleted\)$/, ""),
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
    findProcessShare: (pid) => findProcessShare(procRoot, pid),
    findCgroup: (pid) => cgroups.findPlace(pid),
    readCgroup: (place) => cgroups.read(place),
    readPressure: () => readHostPressure(procRoot),
    sharesMounts: (pid) => {
      const theirs = findLink(`${procRoot}/${pid}/ns/mnt`);
      return theirs === undefined ? undefined : theirs === findLink(`${procRoot}/self/ns/mnt`);
    },
    readMounts: (pid) => parseMountinfo(findText(`${procRoot}/${pid}/mountinfo`) ?? ""),
    readDiskStats: () => parseDiskstats(findText(`${procRoot}/diskstats`) ?? ""),
    readNodeInventory: () => readNodeInventory(procRoot),
    readUptimeMs: () => Number.parseFloat(findShortText(`${procRoot}/uptime`) ?? "0") * 1000,
    readFilesystemUsage: (path, signal) =>
      inLane(lanes.filesystem, { what: `statfs ${path}`, path, signal }, async () => {
        const usage = await statfs(path);
        return {
          sizeBytes: usage.blocks * usage.bsize,
          availableBytes: usage.bavail * usage.bsize,
          files: usage.files,
          filesFree: usage.ffree,
        };
      }),
    readDirectoryFacts: (path, signal) =>
      inLane(lanes.filesystem, { what: `stat ${path}`, path, signal }, () => readFacts(path)),
    readFileFacts: (path, signal) =>
      inLane(lanes.file, { what: `stat ${path}`, path, signal }, () => readFacts(path)),
    readSmallFile: (path, maxBytes, signal) =>
      inLane(lanes.file, { what: `read ${path}`, path, signal }, () => readSmall(path, maxBytes)),
    readLogPart: (path, from, signal) =>
      inLane(lanes.log, { what: `read ${path}`, path, signal }, () => readLogPart(path, from)),
    listDirectory: (path, signal) =>
      inLane(lanes.log, { what: `list ${path}`, path, signal }, () => readdir(path)),
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

async function readFacts(path: string): Promise<FileFacts> {
  const facts = await stat(path);
  return {
    kind: facts.isFile() ? "file" : facts.isDirectory() ? "directory" : "other",
    inode: facts.ino,
    device: formatDevice(facts.dev),
    sizeBytes: facts.size,
    mode: facts.mode & 0o7777,
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

/** Linux packs a device number as glibc's makedev does. */
function formatDevice(device: number): string {
  const bits = BigInt(device);
  const major = ((bits >> 8n) & 0xfffn) | ((bits >> 32n) & ~0xfffn);
  const minor = (bits & 0xffn) | ((bits >> 12n) & ~0xffn);
  return `${major}:${minor & 0xffffffffn}`;
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

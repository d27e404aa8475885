/** Where etcd keeps its files, and which mount and device each is on: what the filesystem, disk and fsync probes share. */
import { findMountOf } from "../discovery/map-host-paths.ts";
import type { DiscoveredEtcd } from "../discovery/discovered-etcd.ts";
import { pathOnHost } from "../discovery/path-on-host.ts";
import type { HostDoor } from "../host/host-door.ts";
import type { DiskStat } from "../host/parse-diskstats.ts";
import type { Mount } from "../host/parse-mountinfo.ts";

export interface EtcdDirectory {
  readonly role: "data" | "wal";
  /** As etcd sees it. */
  readonly path: string;
  /** As the agent opens it. */
  readonly hostPath: string;
}

export function etcdDirectories(discovered: DiscoveredEtcd): readonly EtcdDirectory[] {
  const { dataDir, walDir } = discovered.flags;
  return [
    { role: "data", path: dataDir, hostPath: pathOnHost(discovered, dataDir) },
    { role: "wal", path: walDir, hostPath: pathOnHost(discovered, walDir) },
  ];
}

export interface DirectoryMount {
  readonly mount: Mount;
  /** As in /proc/diskstats; empty where there is no block device. */
  readonly deviceName: string;
}

/** The machine's first process: it sees the mounts as the machine has them. */
const FIRST_PID = 1;

/**
 * The mount of a directory whose device number stat gave: it follows symbolic links, which a search by path does not. A
 * file system that gives its files another number than its mount (btrfs) is found by path. As the machine has it, where that is to
 * be seen: the agent's own unit mounts for the agent alone what is no mount of the machine.
 */
export function findDirectoryMount(
  host: HostDoor,
  directory: EtcdDirectory,
  device: string,
): DirectoryMount | undefined {
  const { hostPath } = directory;
  const mount =
    findMountOf(hostPath, listOnDevice(host.readMounts(FIRST_PID), device)) ??
    listMounts(host.readMounts("self"), hostPath, device)[0];
  return mount && { mount, deviceName: findDeviceName(mount, host.readDiskStats()) };
}

/**
 * Whether a directory's mount is read-only for etcd: as etcd itself has it mounted, or the machine where etcd does not run. What
 * the agent may not write is no answer: its unit mounts nearly everything read-only for it. Where neither is to be seen: false.
 */
export function isReadOnlyForEtcd(
  host: HostDoor,
  { path, hostPath }: EtcdDirectory,
  { device, pid }: { readonly device: string; readonly pid: number | undefined },
): boolean {
  return pid === undefined
    ? isReadOnly(listMounts(host.readMounts(FIRST_PID), hostPath, device))
    : isReadOnly(listMounts(host.readMounts(pid), path, device));
}

/** Whether the agent's own mount of a place is read-only, and the file system is not. */
export function isReadOnlyForAgent(host: HostDoor, hostPath: string, device: string): boolean {
  const mounts = listMounts(host.readMounts("self"), hostPath, device);
  return isReadOnly(mounts) && mounts.every(({ filesystemReadOnly }) => filesystemReadOnly === "");
}

/** Several where a symbolic link hides which of them it is. */
function listMounts(mounts: readonly Mount[], path: string, device: string): readonly Mount[] {
  const onDevice = listOnDevice(mounts, device);
  const found = findMountOf(path, onDevice);
  if (found === undefined && onDevice.length > 0) {
    return onDevice;
  }
  const mount = found ?? findMountOf(path, mounts);
  return mount === undefined ? [] : [mount];
}

function listOnDevice(mounts: readonly Mount[], device: string): readonly Mount[] {
  return mounts.filter((mount) => mount.device === device);
}

function isReadOnly(mounts: readonly Mount[]): boolean {
  return mounts.length > 0 && mounts.every(({ readOnly }) => readOnly);
}

function findDeviceName(mount: Mount, stats: readonly DiskStat[]): string {
  const byNumber = stats.find(({ device }) => device === mount.device);
  const byName = stats.find(({ name }) => `/dev/${name}` === mount.source);
  return (byNumber ?? byName)?.name ?? "";
}

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

/**
 * The mount of a directory whose device number stat gave: it follows symbolic links, which a search by path does not. A
 * file system that gives its files another number than its mount (btrfs) is found by path.
 */
export function findDirectoryMount(
  host: HostDoor,
  directory: EtcdDirectory,
  device: string,
): DirectoryMount | undefined {
  const mounts = host.readMounts("self");
  const byDevice = mounts.filter((mount) => mount.device === device);
  const mount =
    findMountOf(directory.hostPath, byDevice) ?? byDevice[0] ?? findMountOf(directory.hostPath, mounts);
  return mount && { mount, deviceName: findDeviceName(mount, host.readDiskStats()) };
}

function findDeviceName(mount: Mount, stats: readonly DiskStat[]): string {
  const byNumber = stats.find(({ device }) => device === mount.device);
  const byName = stats.find(({ name }) => `/dev/${name}` === mount.source);
  return (byNumber ?? byName)?.name ?? "";
}

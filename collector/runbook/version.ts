/** What an etcd version can do, where runbooks depend on it. */

export interface Version {
  readonly text: string;
  /** Major, minor and patch as one number that compares: 3.5.16 → 3005016. */
  readonly number: number;
}

export function parseVersion(text: string): Version | undefined {
  const found = /^v?(\d{1,3})\.(\d{1,3})\.(\d{1,3})/.exec(text);
  const [, major, minor, patch] = found ?? [];
  return found === null
    ? undefined
    : { text: found[0], number: Number(major) * 1_000_000 + Number(minor) * 1000 + Number(patch) };
}

/** Restoring and reading snapshots is etcdutl's from 3.5 on; 3.6 has taken it out of etcdctl. */
export function snapshotTool(version: Version | undefined): "etcdctl" | "etcdutl" {
  return version !== undefined && version.number < 3_005_000 ? "etcdctl" : "etcdutl";
}

/**
 * `snapshot restore --bump-revision --mark-compacted`, with which watchers notice that history was cut: from 3.5.10, and in
 * 3.4 from 3.4.28 (3.5.16's help has both, 3.4.23's has not; the pull requests are etcd's 16165 and 16193).
 */
export function canBumpRevision(version: Version | undefined): boolean {
  const number = version?.number ?? 0;
  return number >= 3_005_010 || (number >= 3_004_028 && number < 3_005_000);
}

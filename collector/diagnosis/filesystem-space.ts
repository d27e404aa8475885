/** The filesystems under etcd's data and WAL on one node, each once, with their newest sizes. */
import type { NodeView } from "../view/cluster-view.ts";
import { findPoint, listFacts } from "../view/node-reading.ts";

export interface FilesystemSpace {
  readonly path: string;
  readonly availBytes: number;
  readonly sizeBytes: number;
  readonly atMs: number;
}

export interface FilesystemInodes {
  readonly path: string;
  readonly free: number;
  readonly all: number;
  readonly atMs: number;
}

/** Filesystems that count inodes, each once; one that has no limit of them (btrfs) says 0 and is left out. */
export function listInodes(node: NodeView, sinceMs: number): readonly FilesystemInodes[] {
  const seen = new Set<string>();
  return (["data", "wal"] as const).flatMap((role) => {
    const fact = listFacts(node.state, "filesystem").find((one) => one.role === role);
    const free = findPoint(node.state, { metric: "node_filesystem_files_free", labels: { role } }, sinceMs);
    const all = findPoint(node.state, { metric: "node_filesystem_files", labels: { role } }, sinceMs);
    const place = fact?.mountPoint || role;
    if (free === undefined || all === undefined || all.value <= 0 || seen.has(place)) {
      return [];
    }
    seen.add(place);
    return [{ path: fact?.path || role, free: free.value, all: all.value, atMs: free.atMs }];
  });
}

export function listSpaces(node: NodeView, sinceMs: number): readonly FilesystemSpace[] {
  const seen = new Set<string>();
  return (["data", "wal"] as const).flatMap((role) => {
    const fact = listFacts(node.state, "filesystem").find((one) => one.role === role);
    const avail = findPoint(node.state, { metric: "node_filesystem_avail_bytes", labels: { role } }, sinceMs);
    const size = findPoint(node.state, { metric: "node_filesystem_size_bytes", labels: { role } }, sinceMs);
    const place = fact === undefined || fact.mountPoint === "" ? role : fact.mountPoint;
    if (avail === undefined || size === undefined || size.value <= 0 || seen.has(place)) {
      return [];
    }
    seen.add(place);
    const path = fact === undefined || fact.path === "" ? role : fact.path;
    return [{ path, availBytes: avail.value, sizeBytes: size.value, atMs: avail.atMs }];
  });
}

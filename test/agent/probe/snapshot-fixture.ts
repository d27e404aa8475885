/** Real snapshots, as etcdctl of each version wrote them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

export const SNAPSHOT_VERSIONS = ["3.4.23", "3.5.16"] as const;

export function readSnapshot(version: (typeof SNAPSHOT_VERSIONS)[number]): Buffer {
  return gunzipSync(readFileSync(join(import.meta.dirname, "../../fixture/snapshots", `${version}.db.gz`)));
}

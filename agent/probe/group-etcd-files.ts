/** Names in etcd's own directories → how many of each kind, and whether the sequence of the WAL is whole. Pure. */
import type { ListedFile } from "../host/list-files.ts";

export type FileKind = "wal" | "snap" | "db" | "snap_db" | "temporary" | "broken";

export interface GroupedFiles {
  readonly kind: FileKind;
  readonly count: number;
  readonly bytes: number;
  readonly newestAtMs: number;
  /** First number that the sequence of the WAL lacks; 0: none. */
  readonly missingNumber: number;
}

/** As etcd 3.4 to 3.6 name them: NUMBER-INDEX.wal, TERM-INDEX.snap, INDEX.snap.db, all in hex. */
const KINDS: readonly (readonly [FileKind, RegExp])[] = [
  ["wal", /^[0-9a-f]{16}-[0-9a-f]{16}\.wal$/],
  ["snap", /^[0-9a-f]{16}-[0-9a-f]{16}\.snap$/],
  ["snap_db", /^[0-9a-f]{16}\.snap\.db$/],
  ["db", /^db$/],
  ["broken", /\.broken$/],
  ["temporary", /\.tmp$|^tmp|\.tmp\./],
];

/** Files of other names are left out. */
export function groupEtcdFiles(
  files: readonly Pick<ListedFile, "name" | "sizeBytes" | "modifiedAtMs">[],
): readonly GroupedFiles[] {
  const named = files.map((file) => ({ ...file, base: file.name.slice(file.name.lastIndexOf("/") + 1) }));
  return KINDS.map(([kind, pattern]): GroupedFiles => {
    const own = named.filter(({ base }) => pattern.test(base));
    return {
      kind,
      count: own.length,
      bytes: own.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      newestAtMs: own.reduce((newest, { modifiedAtMs }) => Math.max(newest, modifiedAtMs), 0),
      missingNumber: kind === "wal" ? findMissing(own.map(({ base }) => base)) : 0,
    };
  });
}

/** etcd takes old files away from the front alone: a hole in the middle is a lost file. */
function findMissing(names: readonly string[]): number {
  const numbers = names
    .map((name) => Number.parseInt(name.slice(0, 16), 16))
    .sort((one, other) => one - other);
  const first = numbers[0] ?? 0;
  const hole = numbers.findIndex((number, index) => number !== first + index);
  return hole < 0 ? 0 : first + hole;
}

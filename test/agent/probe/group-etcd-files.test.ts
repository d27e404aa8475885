import { describe, expect, it } from "vitest";
import { groupEtcdFiles } from "../../../agent/probe/group-etcd-files.ts";

/** Names as they lay in the directories of a real member of etcd 3.5.16 with --snapshot-count=20. */
const REAL = [
  "snap/0000000000000002-0000000000000018.snap",
  "snap/0000000000000002-000000000000002d.snap",
  "snap/db",
  "wal/0.tmp",
  "wal/0000000000000000-0000000000000000.wal",
];

function group(names: readonly string[]): Readonly<Record<string, readonly [number, number]>> {
  const files = names.map((name, index) => ({ name, sizeBytes: 10, modifiedAtMs: 1000 + index }));
  return Object.fromEntries(
    groupEtcdFiles(files)
      .filter(({ count }) => count > 0)
      .map(({ kind, count, missingNumber }) => [kind, [count, missingNumber]]),
  );
}

function wal(number: number): string {
  return `wal/${number.toString(16).padStart(16, "0")}-0000000000000abc.wal`;
}

describe("agent/probe/group-etcd-files", () => {
  it("tells the kinds of a real member's files", () => {
    expect(group(REAL)).toEqual({ wal: [1, 0], snap: [2, 0], db: [1, 0], temporary: [1, 0] });
  });

  it("sums sizes and takes the newest time", () => {
    const files = [0, 1].map((number) => ({ name: wal(number), sizeBytes: 64, modifiedAtMs: number }));
    expect(groupEtcdFiles(files)[0]).toMatchObject({ kind: "wal", bytes: 128, newestAtMs: 1 });
  });

  it("finds the first hole in the sequence, in whatever order the names come, and none at its front", () => {
    expect(group([wal(12), wal(9), wal(10)])["wal"]).toEqual([3, 11]);
    expect(group([wal(5), wal(6), wal(7)])["wal"]).toEqual([3, 0]);
  });

  it("knows leftovers by their names, and passes over what is not etcd's", () => {
    expect(
      group([
        "snap/00000000000000aa.snap.db",
        "snap/db.tmp.123",
        "snap/tmp1234",
        "wal/0000000000000001-0000000000000002.wal.broken",
        "notes.txt",
      ]),
    ).toEqual({ snap_db: [1, 0], temporary: [2, 0], broken: [1, 0] });
  });
});

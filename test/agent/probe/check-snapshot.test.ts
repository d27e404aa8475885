import { describe, expect, it } from "vitest";
import { checkHead, isCompressedName, isSnapshotName } from "../../../agent/probe/check-snapshot.ts";
import { BackupCheck } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { readSnapshot, SNAPSHOT_VERSIONS } from "./snapshot-fixture.ts";

const PAGE = 4096;

describe.each(SNAPSHOT_VERSIONS)("agent/probe/check-snapshot of %s", (version) => {
  const whole = readSnapshot(version);

  it("finds nothing wrong with the first pages of a real one", () => {
    expect(checkHead(whole, whole.length)).toBeUndefined();
  });

  it.each([
    ["empty", 0],
    ["without its hash", whole.length - 32],
    ["cut off in the middle of a page", whole.length - 5000],
    ["cut off where a hash might end", 2 * PAGE + 32],
  ])("tells one that is %s", (_, sizeBytes) => {
    expect(checkHead(whole.subarray(0, sizeBytes), sizeBytes)).toMatchObject({
      check: BackupCheck.TRUNCATED,
    });
  });

  it("tells bytes that are no database, and takes the other meta page when one is damaged", () => {
    const noise = Buffer.alloc(whole.length, 7);
    expect(checkHead(noise, noise.length)).toMatchObject({ check: BackupCheck.NOT_A_DATABASE });
    const damaged = Buffer.from(whole);
    damaged.writeUInt8(damaged.readUInt8(50) ^ 1, 50);
    expect(checkHead(damaged, damaged.length)).toBeUndefined();
    damaged.writeUInt8(damaged.readUInt8(PAGE + 50) ^ 1, PAGE + 50);
    expect(checkHead(damaged, damaged.length)).toMatchObject({ check: BackupCheck.NOT_A_DATABASE });
  });
});

describe("agent/probe/check-snapshot", () => {
  it.each([
    ["etcd-snapshot-m1-1732500000", true],
    ["2026-11-25/snapshot.db", true],
    ["snapshot.db.gz", true],
    ["snapshot.db.part", false],
    ["snapshot.db.sha256", false],
    [".snapshot.db.swp", false],
    ["2026/.hidden", false],
  ])("takes %s for a snapshot: %s", (name, is) => {
    expect(isSnapshotName(name)).toBe(is);
  });

  it("knows what it cannot look into", () => {
    expect(["a.db.gz", "a.zip", "a.db"].map(isCompressedName)).toEqual([true, true, false]);
  });
});

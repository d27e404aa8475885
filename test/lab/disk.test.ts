import { afterAll, describe, expect, it } from "vitest";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createDisk } from "./disk.ts";
import { createRunFolder, findMountsBelow, removeFolderWithMounts } from "./run-folder.ts";

const MIB = 1024 * 1024;
const folder = await createRunFolder();
const disk = await createDisk({ dir: folder, name: "m1", sizeBytes: 64 * MIB });
const why = disk.kind === "unavailable" ? ` (skipped: ${disk.because})` : "";

describe.skipIf(disk.kind === "unavailable")(`test/lab/disk${why}`, () => {
  afterAll(async () => {
    await removeFolderWithMounts(folder);
    expect(findMountsBelow(folder)).toEqual([]);
  });

  it("is full to the last block after fill, and has room again after free", async () => {
    if (disk.kind === "unavailable") {
      return;
    }
    const freeBefore = disk.freeBytes();
    expect(freeBefore).toBeGreaterThan(32 * MIB);
    await disk.fill();
    expect(disk.freeBytes()).toBe(0);
    expect(() => writeFileSync(join(disk.mountPoint, "file"), Buffer.alloc(8192))).toThrow(/ENOSPC/);
    disk.free();
    expect(disk.freeBytes()).toBeGreaterThan(freeBefore - MIB);
  });

  it("leaves what it is told to leave", async () => {
    if (disk.kind === "unavailable") {
      return;
    }
    await disk.fill(4 * MIB);
    expect(disk.freeBytes()).toBeGreaterThan(3 * MIB);
    expect(disk.freeBytes()).toBeLessThan(5 * MIB);
    disk.free();
  });

  it("is gone after remove, with its loop device", async () => {
    if (disk.kind === "unavailable") {
      return;
    }
    await disk.remove();
    expect(findMountsBelow(folder)).toEqual([]);
  });
});

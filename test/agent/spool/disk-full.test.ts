/** The spool on a real small file system that fills up: it stops before it takes the last space, and goes on afterwards. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createSpoolFiles } from "../../../agent/spool/spool-files.ts";
import { createDisk, type Disk } from "../../lab/disk.ts";
import type { Unavailable } from "../../lab/availability.ts";
import { createSpoolFolder, take } from "./spool-folder.ts";

const MIB = 2 ** 20;
let folder: string;
let disk: Disk | Unavailable;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "etcdscope-spool-disk-"));
  disk = await createDisk({ dir: folder, name: "spool", sizeBytes: 64 * MIB });
});

afterEach(async () => {
  if (disk.kind === "available") {
    await disk.remove();
  }
  rmSync(folder, { recursive: true, force: true });
});

describe("agent/spool/spool-queue", { timeout: 60_000 }, () => {
  it("writes nothing below the floor of a file system's free space, keeps what it has, and goes on above it", async ({
    skip,
  }) => {
    if (disk.kind === "unavailable") {
      skip(disk.because);
      return;
    }
    const { run, clock, log } = createSpoolFolder();
    const { queue, pushFor } = await run({ files: createSpoolFiles(disk.mountPoint) });
    await pushFor(30, { isLarge: true });
    const keptBytes = queue.spoolBytes();
    expect(keptBytes).toBeGreaterThan(0);
    await disk.fill(15 * MIB);
    const freeBytes = disk.freeBytes();
    await pushFor(60, { isLarge: true });
    expect(queue.spoolBytes()).toBe(keptBytes);
    expect(disk.freeBytes()).toBeGreaterThanOrEqual(freeBytes - MIB / 4);
    expect(queue.size()).toBeGreaterThan(50);
    await disk.fill();
    await pushFor(20, { isLarge: true });
    const told = log.lines.filter(({ sentence }) => sentence.startsWith("Spool takes no frames"));
    expect(told.map(({ fields }) => fields["reason"])).toEqual(["no_space"]);
    disk.free();
    await pushFor(20, { isLarge: true });
    expect(queue.spoolBytes()).toBeGreaterThan(keptBytes);
    const reader = queue.reader(0);
    const live = await take(reader, clock);
    const brought = await take(
      reader.findKept(() => undefined)!,
      clock,
    );
    expect([...brought.sequences, ...live.sequences]).toEqual(
      Array.from({ length: 130 }, (_, i) => BigInt(i + 1)),
    );
    expect(readdirSync(disk.mountPoint)).toContain("last-run");
  });

  it("cuts what a full disk tore, when it has no floor to stop at", async ({ skip }) => {
    if (disk.kind === "unavailable") {
      skip(disk.because);
      return;
    }
    const files = createSpoolFiles(disk.mountPoint);
    const noFloor = { ...files, readSpace: () => Promise.resolve({ availableBytes: 1e12, sizeBytes: 1e12 }) };
    const { run, clock } = createSpoolFolder();
    const { queue, pushFor } = await run({ files: noFloor });
    await pushFor(30, { isLarge: true });
    await disk.fill();
    await pushFor(60, { isLarge: true });
    disk.free();
    await pushFor(20, { isLarge: true });
    const reader = queue.reader(0);
    const live = await take(reader, clock);
    const brought = await take(
      reader.findKept(() => undefined)!,
      clock,
    );
    expect([...brought.sequences, ...live.sequences]).toEqual(
      Array.from({ length: 110 }, (_, i) => BigInt(i + 1)),
    );
    expect(reader.droppedTotal()).toBe(0n);
  });
});

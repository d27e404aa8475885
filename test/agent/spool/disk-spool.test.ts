/** The files themselves, while those of an earlier run are still being read. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createDiskSpool, type DiskSpool } from "../../../agent/spool/disk-spool.ts";
import type { SegmentDrop } from "../../../agent/spool/segments.ts";
import { createSpoolFiles, type SpoolFiles } from "../../../agent/spool/spool-files.ts";
import { createTestLog, testFrame } from "../../collector/ingest/test-frames.ts";
import { waitFor } from "../../collector/ingest/wait-for.ts";
import { createManualClock } from "../manual-clock.ts";

interface TestSpool {
  readonly spool: DiskSpool;
  readonly lost: readonly SegmentDrop[];
}

function createSpool(files: SpoolFiles, maxBytes: number, random: string): TestSpool {
  const lost: SegmentDrop[] = [];
  const spool = createDiskSpool({
    files,
    agent: { cluster: "prod-a", node: "m1", agentVersion: "0.1.0", bootId: "boot" },
    maxBytes,
    maxAgeMs: 86_400_000,
    clock: createManualClock(),
    log: createTestLog(),
    random,
    onLost: (drop) => lost.push(drop),
  });
  return { spool, lost };
}

const frames = Array.from({ length: 40 }, (_, i) => testFrame(BigInt(i + 1)));

describe("agent/spool/disk-spool", () => {
  it("drops nothing that there is room for while it still reads what an earlier run kept", async () => {
    const dir = mkdtempSync(join(tmpdir(), "etcdscope-disk-spool-"));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const files = createSpoolFiles(dir);
    const first = createSpool(files, 16 * 1024, "first");
    await first.spool.open();
    await first.spool.write(frames);
    const kept = first.spool.segments().length;
    expect(kept).toBeGreaterThan(2);
    let reads = 0;
    let goOn = (): void => undefined;
    const slow = new Promise<void>((resolve) => (goOn = resolve));
    const second = createSpool(
      {
        ...files,
        read: async (name) => {
          reads += 1;
          await (reads === kept ? slow : undefined);
          return await files.read(name);
        },
      },
      Math.round(first.spool.bytes() * 1.6),
      "second",
    );
    await second.spool.open();
    const found = second.spool.findKept();
    await waitFor("all but the last file to be read", () => reads === kept);
    expect(await second.spool.write(frames.slice(0, 2))).toMatchObject({ writtenUpTo: 2n });
    expect(second.lost).toEqual([]);
    goOn();
    await found;
    expect(second.lost).toEqual([]);
    expect(second.spool.segments()).toHaveLength(kept + 1);
  });
});

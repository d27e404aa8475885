import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createHistory, type History } from "../../../collector/history/history.ts";
import { systemClock } from "../../../shared/clock.ts";
import { createTestLog, receivedFrame } from "../ingest/test-frames.ts";

let folder: string;
let isMounted = false;
let history: History | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "etcdscope-full-"));
  isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", folder]).status === 0;
});

afterEach(async () => {
  await history?.close();
  if (isMounted) {
    spawnSync("umount", [folder]);
  }
  rmSync(folder, { recursive: true, force: true });
});

describe("collector/history/history", { timeout: 120_000 }, () => {
  it("says on a full disk that it is full, keeps what it has, and goes on when there is space", async ({
    skip,
  }) => {
    if (!isMounted) {
      skip("a small file system cannot be mounted here");
    }
    const filler = join(folder, "filler");
    history = createHistory({
      path: join(folder, "history.db"),
      rawMs: 1e13,
      maxBytes: 1e9,
      clock: systemClock,
      log: createTestLog(),
    });
    await history.start();
    await history.append([receivedFrame(1n)]);
    for (let size = 4_000_000; size > 0; size -= 50_000) {
      try {
        writeFileSync(filler, Buffer.alloc(size));
        break;
      } catch {
        // a little less, then
      }
    }
    let last = 1n;
    let failure: unknown;
    while (failure === undefined) {
      const next = Array.from({ length: 50 }, (_, i) => receivedFrame(last + 1n + BigInt(i)));
      await history.append(next).then(
        () => (last += 50n),
        (error: unknown) => (failure = error),
      );
    }
    expect(failure).toMatchObject({ code: "STORAGE_FULL" });
    expect(history.problems()).toMatchObject([{ code: "NOT_WRITABLE", isFull: true }]);
    expect(await history.framesSince(0)).toHaveLength(Number(last));
    expect(await history.lastSequence({ cluster: "prod-a", node: "m1" }, "run-1")).toBe(last);
    rmSync(filler);
    await history.append([receivedFrame(last + 1n)]);
    expect(history.problems()).toEqual([]);
    expect(await history.framesSince(0)).toHaveLength(Number(last) + 1);
  });
});

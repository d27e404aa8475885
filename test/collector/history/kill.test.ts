import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createHistory } from "../../../collector/history/history.ts";
import { systemClock } from "../../../shared/clock.ts";
import { createTestLog } from "../ingest/test-frames.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "etcdscope-kill-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Appends in a child until it has told of `count` commits, then kills it; resolves to the last sequence that it told. */
function appendAndKill(path: string, instanceId: string, count: number): Promise<number> {
  const script = join(import.meta.dirname, "append-until-killed.ts");
  const child = spawn(process.execPath, [script, path, instanceId], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  let isKilled = false;
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    if (!isKilled && text.split("\n").length > count) {
      isKilled = true;
      child.kill("SIGKILL");
    }
  });
  return new Promise((resolve) => {
    child.on("close", () => resolve(Number(text.trimEnd().split("\n").at(-1))));
  });
}

describe("collector/history/history", () => {
  it(
    "loses no frame that was reported durable, and opens without complaint",
    { timeout: 60_000 },
    async () => {
      const path = join(folder, "history.db");
      const told = new Map<string, number>();
      for (const [index, count] of [5, 37, 80].entries()) {
        told.set(`run-${index}`, await appendAndKill(path, `run-${index}`, count));
      }
      const log = createTestLog();
      const history = createHistory({ path, rawMs: 1e13, maxBytes: 1e9, clock: systemClock, log });
      await history.start();
      const frames = await history.framesSince(0);
      for (const [instanceId, last] of told) {
        expect(last).toBeGreaterThanOrEqual(35);
        const sequences = frames
          .filter((one) => one.instanceId === instanceId)
          .map((one) => one.frame.sequence);
        expect(sequences).toEqual(sequences.map((_, i) => BigInt(i + 1)));
        expect(sequences.length).toBeGreaterThanOrEqual(last);
        expect(await history.lastSequence({ cluster: "prod-a", node: "m1" }, instanceId)).toBe(
          BigInt(sequences.length),
        );
      }
      expect(history.problems()).toEqual([]);
      await history.close();
    },
  );
});

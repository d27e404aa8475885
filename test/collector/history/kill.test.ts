import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDatabase } from "../../../collector/history/database.ts";
import { createHistory } from "../../../collector/history/history.ts";
import { unpackLanded } from "../../../collector/history/landed-pack.ts";
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
function appendAndKill(script: string, args: readonly string[], count: number): Promise<number> {
  const file = join(import.meta.dirname, script);
  const child = spawn(process.execPath, [file, ...args], { stdio: ["ignore", "pipe", "inherit"] });
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
        const run = `run-${index}`;
        told.set(run, await appendAndKill("append-until-killed.ts", [path, run], count));
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

  it("loses and doubles nothing when it is killed while it packs", { timeout: 60_000 }, async () => {
    const path = join(folder, "history.db");
    const hourMs = 3_600_000;
    const startMs = 470_000 * hourMs;
    const counts = [13, 34, 61, 100];
    for (const [index, count] of counts.entries()) {
      const run = `run-${index}`;
      const last = await appendAndKill(
        "pack-until-killed.ts",
        [path, run, String(startMs + 2 * index * hourMs)],
        count,
      );
      const { db } = openDatabase({ path, nowMs: 0, isKnownDamaged: false });
      const instance = db.prepare("SELECT id FROM instance WHERE name = ?").pluck().get(run);
      const packs = db.prepare<[], Uint8Array>("SELECT blob FROM landed_pack").pluck().all();
      const packed = packs.flatMap((blob) => unpackLanded(blob)).filter((one) => one.instance === instance);
      const landed = db.prepare<[unknown], number>("SELECT sequence FROM frame WHERE instance = ?").pluck();
      const sequences = [...packed.map(({ sequence }) => sequence), ...landed.all(instance)];
      expect(packed.length).toBeGreaterThan(0);
      expect(db.prepare("SELECT sum(frames) FROM landed_pack").pluck().get()).toBe(
        packs.flatMap((blob) => unpackLanded(blob)).length,
      );
      expect(sequences.toSorted((one, other) => one - other)).toEqual(sequences.map((_, i) => i + 1));
      expect(sequences.length).toBeGreaterThanOrEqual(last);
      expect(db.pragma("integrity_check", { simple: true })).toBe("ok");
      db.close();
    }
  });
});

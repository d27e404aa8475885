/** Nothing that was acknowledged is ever lost, and nothing is there twice: a real collector and an agent's streams, killed. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCrashRounds } from "../lab/crash-rounds.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";

describe("test/integration/delivery", () => {
  it("survives kill -9 of the collector and of the agent, under load and in the middle of an absence", async () => {
    const dir = await createRunFolder();
    const rounds: string[] = [];
    const result = await runCrashRounds({
      dir: join(dir, "crash"),
      rounds: 5,
      framesPerSecond: 50,
      log: (line) => rounds.push(line),
    });
    expect(rounds).toHaveLength(5);
    expect(result).toMatchObject({ missing: 0, duplicates: 0 });
    expect(result.acknowledged).toBeGreaterThan(200);
    expect(result.keptStreams).toBeGreaterThan(0);
    await removeFolderWithMounts(dir);
  });
});

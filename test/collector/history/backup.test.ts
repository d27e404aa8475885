import Database from "better-sqlite3";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { backUpHistory } from "../../../collector/history/backup.ts";
import { checkHistory } from "../../../collector/history/check-history.ts";
import { createHistory, type History } from "../../../collector/history/history.ts";
import { systemClock } from "../../../shared/clock.ts";
import { createTestLog, receivedFrame } from "../ingest/test-frames.ts";
import { copyFixture, FIXTURE, type FixtureCopy } from "./v1-fixture.ts";

let fixture: FixtureCopy;
let target: string;
const opened: History[] = [];

beforeEach(() => {
  fixture = copyFixture();
  target = join(dirname(fixture.path), "backup.db");
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((history) => history.close()));
  fixture.remove();
});

async function open(path: string): Promise<History> {
  const history = createHistory({
    path,
    rawMs: 1e13,
    maxBytes: 1e9,
    clock: systemClock,
    log: createTestLog(),
  });
  opened.push(history);
  await history.start();
  return history;
}

describe("collector/history/backup", { timeout: 60_000 }, () => {
  it("copies one moment of a history that is being written, which opens as a history", async () => {
    const live = await open(fixture.path);
    let sequence = 0n;
    let isDone = false;
    const writing = (async () => {
      while (!isDone) {
        sequence += 1n;
        await live.append([receivedFrame(sequence)]);
      }
    })();
    await live.append([receivedFrame(1n, { instanceId: "before" })]);
    const { bytes } = backUpHistory(fixture.path, target);
    isDone = true;
    await writing;
    expect(bytes).toBeGreaterThan(100_000);
    const copy = await open(target);
    expect(copy.problems()).toEqual([]);
    expect(await copy.frames("lab", 0, 2e12)).toHaveLength(FIXTURE.frames);
    const frames = await copy.frames("prod-a", 0, 2e12);
    expect(frames.filter(({ instanceId }) => instanceId === "before")).toHaveLength(1);
    const sequences = frames
      .filter(({ instanceId }) => instanceId === "run-1")
      .map(({ frame }) => frame.sequence);
    expect(sequences).toEqual(sequences.map((_, i) => BigInt(i + 1)));
  });

  it("never writes over a file, and leaves nothing behind when it fails", () => {
    writeFileSync(target, "precious");
    expect(() => backUpHistory(fixture.path, target)).toThrow("never written over a file");
    expect(readFileSync(target, "utf8")).toBe("precious");
    expect(() => backUpHistory(join(target, "nothing"), `${target}-2`)).toThrow("There is no history");
    writeFileSync(fixture.path, "no database ".repeat(1000));
    expect(() => backUpHistory(fixture.path, `${target}-3`)).toThrow();
    expect(existsSync(`${target}-3`)).toBe(false);
    expect(readdirSync(dirname(target)).filter((name) => name.endsWith(".part"))).toEqual([]);
  });
});

const WHOLE = { isWhole: true };

describe("collector/history/check-history", () => {
  it("tells a sound history from none, a damaged one, a newer one and another program's", () => {
    expect(checkHistory(target, WHOLE)).toEqual({ kind: "absent" });
    const sizes: number[] = [];
    const check = checkHistory(fixture.path, { isWhole: true, onReading: (bytes) => sizes.push(bytes) });
    expect(check).toEqual({ kind: "fine", bytes: sizes[0] });
    const bytes = readFileSync(fixture.path);
    bytes.fill(0xff, 4096 * 20, 4096 * 24);
    writeFileSync(target, bytes);
    expect(checkHistory(target, WHOLE)).toMatchObject({ kind: "damaged" });
    expect(checkHistory(target, { isWhole: false })).toMatchObject({ kind: "fine" });
    writeFileSync(target, "no database ".repeat(1000));
    expect(checkHistory(target, { isWhole: false })).toMatchObject({ kind: "damaged" });
    const newer = new Database(fixture.path);
    newer.pragma("user_version = 99");
    newer.close();
    expect(checkHistory(fixture.path, { isWhole: false })).toMatchObject({ kind: "refused" });
    const theirs = new Database(fixture.path);
    theirs.pragma("application_id = 7");
    theirs.close();
    expect(checkHistory(fixture.path, WHOLE)).toMatchObject({
      kind: "refused",
      problem: expect.stringContaining("another program") as string,
    });
  });
});

import Database from "better-sqlite3";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createHistory, type History } from "../../../collector/history/history.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { Finding } from "../../../shared/rest.ts";
import { createTestLog, receivedFrame, testFrame } from "../ingest/test-frames.ts";

let folder: string;
let path: string;
let history: History | undefined;
let log: ReturnType<typeof createTestLog>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "etcdscope-history-"));
  path = join(folder, "data", "history.db");
});

afterEach(async () => {
  await history?.close();
  history = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function open(limits: { rawMs?: number; maxBytes?: number } = {}): Promise<History> {
  await history?.close();
  log = createTestLog();
  const opened = createHistory({
    path,
    rawMs: limits.rawMs ?? 1000 * 365 * 24 * 3600 * 1000,
    maxBytes: limits.maxBytes ?? 1e9,
    clock: systemClock,
    log,
  });
  history = opened;
  await opened.start();
  return opened;
}

function finding(id: string, overrides: Partial<Finding> = {}): Finding {
  return {
    id,
    code: "DISK_FULL",
    subject: { kind: "member", name: "m1" },
    since: "2026-11-22T03:12:09.000Z",
    lastSeen: "2026-11-22T03:13:09.000Z",
    until: null,
    status: "active",
    ...overrides,
  } as Finding;
}

/** As the commit queue does: again until it works. */
async function appendUntilDurable(target: History): Promise<void> {
  for (;;) {
    try {
      await target.append([receivedFrame(1000n)]);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const M1 = { cluster: "prod-a", node: "m1" };

describe("collector/history/history", { timeout: 120_000 }, () => {
  it("gives back the frames that it was given, also after a restart", async () => {
    const frames = [1n, 2n, 3n].map((sequence) => receivedFrame(sequence));
    await (await open()).append(frames);
    const reopened = await open();
    expect(await reopened.framesSince(0)).toEqual(frames);
    expect(await reopened.frames("prod-a", 0, 2e12)).toEqual(frames);
    expect(await reopened.clusters()).toEqual(["prod-a"]);
    expect(await reopened.lastSequence(M1, "run-1")).toBe(3n);
    expect(await reopened.lastSequence(M1, "another")).toBe(0n);
    expect(await reopened.lastSequence({ ...M1, node: "m2" }, "run-1")).toBe(0n);
  });

  it("keeps a large frame, compressed, as it was", async () => {
    const samples = Array.from({ length: 2000 }, (_, i) => ({
      key: `m${i % 100}{to="x${i}"}`,
      value: i / 3,
    }));
    const frame = receivedFrame(1n, { frame: testFrame(1n, { samples }) });
    await (await open()).append([frame]);
    expect(await (await open()).framesSince(0)).toEqual([frame]);
  });

  it("takes a frame that comes twice once", async () => {
    const opened = await open();
    await opened.append([receivedFrame(1n), receivedFrame(2n)]);
    await opened.append([receivedFrame(2n), receivedFrame(3n), receivedFrame(3n)]);
    expect((await opened.framesSince(0)).map((one) => one.frame.sequence)).toEqual([1n, 2n, 3n]);
  });

  it("orders frames of several nodes by capture and keeps to the span and the cluster", async () => {
    const opened = await open();
    const of = (node: string, sequence: bigint, capturedAtMs: number) =>
      receivedFrame(sequence, {
        agent: { cluster: "prod-a", node },
        frame: testFrame(sequence, { capturedAtMs }),
      });
    await opened.append([of("m1", 1n, 3000), of("m2", 1n, 1000), of("m1", 2n, 4000), of("m2", 2n, 2000)]);
    await opened.append([receivedFrame(1n, { agent: { cluster: "prod-b", node: "m1" } })]);
    const found = await opened.frames("prod-a", 1000, 4000);
    expect(found.map((one) => one.frame.capturedAtMs)).toEqual([1000, 2000, 3000]);
  });

  it("answers a trend with smallest, largest, mean and last of each step that has samples", async () => {
    const opened = await open();
    const key = 'etcdscope_read_duration_seconds{consistency="serializable"}';
    const values = [1, 5, 3, 10, Number.NaN, 20];
    await opened.append(
      values.map((value, i) =>
        receivedFrame(BigInt(i + 1), {
          frame: testFrame(BigInt(i + 1), {
            capturedAtMs: 1000 + i * 1000,
            samples: [
              { key: "other", value: 9 },
              { key, value },
            ],
          }),
        }),
      ),
    );
    const query = {
      cluster: "prod-a",
      metric: "etcdscope_read_duration_seconds",
      fromMs: 1000,
      toMs: 13_000,
    };
    const answer = await opened.series({ ...query, node: undefined, points: 4 });
    expect(answer).toEqual([
      {
        node: "m1",
        labels: { consistency: "serializable" },
        points: [
          { at: "1970-01-01T00:00:01.000Z", min: 1, max: 5, mean: 3, last: 3 },
          { at: "1970-01-01T00:00:04.000Z", min: 10, max: 20, mean: 15, last: 20 },
        ],
      },
    ]);
    expect(await opened.series({ ...query, node: "m2", points: 4 })).toEqual([]);
    expect(await opened.knownSeries("prod-a")).toEqual([
      { node: "m1", metric: "etcdscope_read_duration_seconds" },
      { node: "m1", metric: "other" },
    ]);
  });

  it("keeps findings, replaces them by id and tells the active ones", async () => {
    const opened = await open();
    const resolved = finding("a", { until: "2026-11-22T03:20:00.000Z", status: "resolved" });
    await opened.saveFindings("prod-a", [finding("a"), finding("b")]);
    await opened.saveFindings("prod-a", [resolved]);
    expect(await opened.activeFindings()).toEqual(new Map([["prod-a", [finding("b")]]]));
    const at = (time: string) => Date.parse(`2026-11-22T${time}Z`);
    expect(await opened.findings("prod-a", at("03:15:00"), at("03:16:00"))).toEqual([resolved, finding("b")]);
    expect(await opened.findings("prod-a", at("03:21:00"), at("03:22:00"))).toEqual([finding("b")]);
    expect(await opened.findings("prod-a", at("03:00:00"), at("03:01:00"))).toEqual([]);
  });

  it("puts a file that is no database aside, says so, and begins a new one", async () => {
    await (await open()).close();
    writeFileSync(path, "this is not a database, however long the text goes on".repeat(100));
    const opened = await open();
    expect(opened.problems().map((one) => one.code)).toEqual(["DAMAGED_FILE_SET_ASIDE"]);
    expect(log.lines.some((line) => line.level === "error")).toBe(true);
    const aside = readdirSync(join(folder, "data")).find((name) => name.includes("damaged-"));
    expect(readFileSync(join(folder, "data", aside ?? ""), "utf8")).toContain("this is not a database");
    await opened.append([receivedFrame(1n)]);
    expect(await opened.framesSince(0)).toHaveLength(1);
  });

  it("puts a database whose pages are damaged aside while it runs, and goes on with a new one", async () => {
    const opened = await open();
    await opened.append(Array.from({ length: 300 }, (_, i) => receivedFrame(BigInt(i + 1))));
    await opened.close();
    const bytes = readFileSync(path);
    bytes.fill(0xff, 4096 * 3);
    writeFileSync(path, bytes);
    const reopened = await open();
    await appendUntilDurable(reopened);
    expect(reopened.problems().map((one) => one.code)).toEqual(["DAMAGED_FILE_SET_ASIDE"]);
  });

  it("refuses a file of a newer etcdscope and one of another program, and leaves them as they are", async () => {
    await (await open()).close();
    const db = new Database(path);
    db.pragma("user_version = 99");
    db.close();
    await expect(open()).rejects.toThrow("written by a newer etcdscope (schema 99");
    rmSync(path);
    const other = new Database(path);
    other.exec("CREATE TABLE theirs (x)");
    other.close();
    await expect(open()).rejects.toThrow("another program's database");
    history = undefined;
  });

  it("lives when its folder cannot be written, and recovers when it can", async () => {
    writeFileSync(join(folder, "data"), "a file where the folder should be");
    const opened = await open();
    await expect(opened.append([receivedFrame(1n)])).rejects.toThrow();
    expect(opened.problems().map((one) => one.code)).toEqual(["NOT_WRITABLE"]);
    rmSync(join(folder, "data"));
    await appendUntilDurable(opened);
    expect(opened.problems()).toEqual([]);
    expect(log.lines.map((line) => line.sentence)).toContain("History can be written again.");
  });
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDatabase, type Db } from "../../../collector/history/database.ts";
import { packFrames } from "../../../collector/history/frame-batch.ts";
import { createNameDictionary } from "../../../collector/history/name-dictionary.ts";
import { createSeenSeries } from "../../../collector/history/seen-series.ts";
import { createWriter, type Writer } from "../../../collector/history/writer.ts";
import { receivedFrame } from "../ingest/test-frames.ts";

let folder: string;
let db: Db;
let writer: Writer;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "etcdscope-writer-"));
  ({ db } = openDatabase({ path: join(folder, "history.db"), nowMs: 0, isKnownDamaged: false }));
  writer = createWriter(db);
});

afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

function appendMany(first: number, count: number): void {
  const dictionary = createNameDictionary(writer.names());
  const frames = Array.from({ length: count }, (_, i) =>
    receivedFrame(BigInt(first + i), { receivedAtMs: first + i }),
  );
  const { batch, streamSeries } = packFrames(frames, { dictionary, seenSeries: createSeenSeries() });
  writer.append({ batch, streamSeries, names: dictionary.unconfirmed() });
}

function sequences(): number[] {
  return db.prepare<[], number>("SELECT sequence FROM frame ORDER BY sequence").pluck().all();
}

const noLimit = { framesBeforeMs: 0, findingsBeforeMs: 0, maxBytes: 1e12 };

describe("collector/history/writer", () => {
  it("is durable when a call returns: WAL, synchronous FULL", () => {
    expect(db.pragma("journal_mode", { simple: true })).toBe("wal");
    expect(db.pragma("synchronous", { simple: true })).toBe(2);
  });

  it("removes frames by age in steps of 500, oldest first", () => {
    appendMany(1, 1200);
    const request = { ...noLimit, framesBeforeMs: 801 };
    expect(writer.retain(request)).toMatchObject({ removedFrames: 500, hasMore: true });
    expect(sequences()[0]).toBe(501);
    expect(writer.retain(request)).toMatchObject({ removedFrames: 300, hasMore: false });
    expect(sequences()[0]).toBe(801);
    expect(sequences()).toHaveLength(400);
  });

  it("removes the oldest frames, whatever their age, while the file is larger than it may be", () => {
    appendMany(1, 1000);
    expect(writer.retain({ ...noLimit, maxBytes: 10_000 })).toMatchObject({
      removedFrames: 500,
      hasMore: true,
    });
    expect(sequences()[0]).toBe(501);
  });

  it("takes 500 frames away within 50 ms", () => {
    appendMany(1, 1000);
    const startedMs = performance.now();
    writer.retain({ ...noLimit, framesBeforeMs: 501 });
    expect(performance.now() - startedMs).toBeLessThan(50);
  });

  it("keeps the last sequence of an instance whose frames are gone", () => {
    appendMany(1, 10);
    writer.retain({ ...noLimit, maxBytes: 0 });
    expect(sequences()).toEqual([]);
    const stream = { cluster: "prod-a", node: "m1", instanceId: "run-1", agentVersion: "" };
    expect(writer.lastSequence(stream)).toBe(10);
  });

  it("keeps a frame once, in whatever order it comes and wherever the first one is by now", () => {
    appendMany(101, 20);
    appendMany(1, 40);
    appendMany(110, 21);
    const stream = { cluster: "prod-a", node: "m1", instanceId: "run-1", agentVersion: "" };
    expect(writer.heldSequences(stream)).toEqual([
      { first: 1n, last: 40n },
      { first: 101n, last: 130n },
    ]);
    expect(sequences()).toHaveLength(70);
    db.prepare("DELETE FROM frame").run();
    appendMany(30, 80);
    expect(sequences()).toEqual(Array.from({ length: 60 }, (_, i) => 41 + i));
    expect(writer.heldSequences(stream)).toEqual([{ first: 1n, last: 130n }]);
    expect(writer.heldSequences({ ...stream, instanceId: "run-2" })).toEqual([]);
  });

  it("takes what a file of the first schema held for held", () => {
    db.exec("DROP TABLE held_range; PRAGMA user_version = 1");
    db.exec("INSERT INTO agent (id, cluster, node) VALUES (7, 'prod-a', 'm1')");
    db.exec(
      "INSERT INTO instance (agent, name, agent_version, last_sequence, last_received_ms) VALUES (7, 'run-1', '', 12, 5)",
    );
    db.close();
    ({ db } = openDatabase({ path: join(folder, "history.db"), nowMs: 0, isKnownDamaged: false }));
    writer = createWriter(db);
    const stream = { cluster: "prod-a", node: "m1", instanceId: "run-1", agentVersion: "" };
    expect(writer.heldSequences(stream)).toEqual([{ first: 1n, last: 12n }]);
  });

  it("forgets what a run held when the run itself is old", () => {
    appendMany(1, 10);
    writer.retain({ ...noLimit, framesBeforeMs: 1000 });
    const stream = { cluster: "prod-a", node: "m1", instanceId: "run-1", agentVersion: "" };
    expect(writer.heldSequences(stream)).toEqual([]);
  });
});

import Database from "better-sqlite3";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDatabase, type Db } from "../../../collector/history/database.ts";
import { createFactChanges } from "../../../collector/history/fact-changes.ts";
import { packFrames } from "../../../collector/history/frame-batch.ts";
import { createNameDictionary } from "../../../collector/history/name-dictionary.ts";
import { createSeenSeries } from "../../../collector/history/seen-series.ts";
import { createWriter, type Writer } from "../../../collector/history/writer.ts";
import { receivedFrame } from "../ingest/test-frames.ts";
import { copyFixture } from "./v1-fixture.ts";

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
  const packed = packFrames(frames, {
    dictionary,
    seenSeries: createSeenSeries(),
    factChanges: createFactChanges(),
  });
  writer.append({ ...packed, names: dictionary.unconfirmed() });
}

function sequences(): number[] {
  return db.prepare<[], number>("SELECT sequence FROM frame ORDER BY sequence").pluck().all();
}

const noLimit = { beforeMs: 0, maxBytes: 1e12, mayLose: false };

describe("collector/history/writer", () => {
  it("is durable when a call returns: WAL, synchronous FULL", () => {
    expect(db.pragma("journal_mode", { simple: true })).toBe("wal");
    expect(db.pragma("synchronous", { simple: true })).toBe(2);
  });

  it("removes nothing of what is neither old nor too much", () => {
    appendMany(1, 10);
    expect(writer.retain(noLimit)).toMatchObject({ removedRows: 0, hasMore: false, isShort: false });
    expect(sequences()).toHaveLength(10);
  });

  it("loses nothing of a file that is too large before the compactor had its turn", () => {
    appendMany(1, 1000);
    expect(writer.retain({ ...noLimit, maxBytes: 10_000 })).toMatchObject({ removedRows: 0, isShort: true });
    expect(sequences()).toHaveLength(1000);
  });

  it("then removes the oldest frames, 500 a step, whatever their age", () => {
    appendMany(1, 1000);
    expect(writer.retain({ ...noLimit, maxBytes: 10_000, mayLose: true })).toMatchObject({
      removedRows: 500,
      hasMore: true,
    });
    expect(sequences()[0]).toBe(501);
  });

  it("keeps the last sequence of an instance whose frames are gone", () => {
    appendMany(1, 10);
    writer.retain({ ...noLimit, maxBytes: 0, mayLose: true });
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
    const fixture = copyFixture();
    try {
      const old = new Database(fixture.path, { readonly: true });
      const row = old
        .prepare<[], { node: string; name: string; last: number }>(
          "SELECT node, name, last_sequence AS last FROM instance JOIN agent ON agent.id = instance.agent LIMIT 1",
        )
        .get()!;
      old.close();
      const migrated = openDatabase({ path: fixture.path, nowMs: 0, isKnownDamaged: false }).db;
      const stream = { cluster: "lab", node: row.node, instanceId: row.name, agentVersion: "" };
      expect(createWriter(migrated).heldSequences(stream)).toEqual([{ first: 1n, last: BigInt(row.last) }]);
      migrated.close();
    } finally {
      fixture.remove();
    }
  });

  it("forgets what a run held when the run itself is old", () => {
    appendMany(1, 10);
    writer.retain({ ...noLimit, maxBytes: 0, mayLose: true });
    writer.retain({ ...noLimit, beforeMs: 1000 });
    const stream = { cluster: "prod-a", node: "m1", instanceId: "run-1", agentVersion: "" };
    expect(writer.heldSequences(stream)).toEqual([]);
  });

  it("forgets facts and events that ended long ago, and keeps what holds", () => {
    appendMany(1, 2);
    expect(writer.retain({ ...noLimit, beforeMs: 4e12 })).toMatchObject({ hasMore: false });
    const count = (table: string) => db.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
    expect(count("event")).toBe(0);
    expect(count("fact")).toBe(1);
  });
});

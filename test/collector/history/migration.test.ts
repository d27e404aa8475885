import Database from "better-sqlite3";
import { afterEach, describe, expect, it } from "vitest";
import { openDatabase } from "../../../collector/history/database.ts";
import { createHistory, type History } from "../../../collector/history/history.ts";
import { MIGRATIONS } from "../../../collector/history/schema.ts";
import { systemClock } from "../../../shared/clock.ts";
import { createTestLog, receivedFrame, testFrame } from "../ingest/test-frames.ts";
import { copyFixture, copySchema, FIXTURE, type FixtureCopy } from "./v1-fixture.ts";

let fixture: FixtureCopy | undefined;
let history: History | undefined;

afterEach(async () => {
  await history?.close();
  fixture?.remove();
});

async function open(version = 1): Promise<History> {
  fixture = copySchema(version);
  history = createHistory({
    path: fixture.path,
    rawMs: 1e13,
    maxBytes: 1e9,
    clock: systemClock,
    log: createTestLog(),
  });
  await history.start();
  return history;
}

/** What the file is made of, however it came to it. */
function readTables(path: string): readonly unknown[] {
  const db = new Database(path, { readonly: true });
  const columns = db
    .prepare<[], object>(
      `SELECT one.name, info.name AS field, info.type, info."notnull", info.pk FROM sqlite_schema AS one
       JOIN pragma_table_info(one.name) AS info WHERE one.type = 'table' ORDER BY one.name, info.cid`,
    )
    .all();
  const indexes = db
    .prepare<[], object>(
      "SELECT name, tbl_name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY name",
    )
    .all();
  const version = db.pragma("user_version", { simple: true });
  db.close();
  return [version, ...columns, ...indexes];
}

/** Of every release, and the newest. */
const SCHEMAS = MIGRATIONS.map((_, index) => index + 1);

describe("collector/history/schema", { timeout: 60_000 }, () => {
  it.each(SCHEMAS)(
    "opens a history of schema %i with everything in it, and goes on writing",
    async (version) => {
      const opened = await open(version);
      expect(opened.problems()).toEqual([]);
      const frames = await opened.frames("lab", 0, 2e12);
      expect(frames).toHaveLength(FIXTURE.frames);
      expect(frames.reduce((sum, { frame }) => sum + frame.samples.length, 0)).toBe(FIXTURE.samples);
      expect(new Set(frames.map(({ agent }) => agent.node))).toEqual(new Set(FIXTURE.nodes));
      await opened.append([receivedFrame(1n)]);
      expect(await opened.clusters()).toEqual(["lab", "prod-a"]);
    },
  );

  it("makes the same tables of a file of any schema, and of a new one", async () => {
    const tables: (readonly unknown[])[] = [];
    for (const version of SCHEMAS) {
      await (await open(version)).close();
      tables.push(readTables(fixture?.path ?? ""));
      fixture?.remove();
    }
    fixture = copyFixture();
    const path = `${fixture.path}-new`;
    history = createHistory({ path, rawMs: 1e13, maxBytes: 1e9, clock: systemClock, log: createTestLog() });
    await history.start();
    expect(new Set([...tables, readTables(path)].map((one) => JSON.stringify(one))).size).toBe(1);
  });

  it("leaves a file whose migration fails as it was", async () => {
    fixture = copySchema(2);
    const db = new Database(fixture.path);
    // in the way of the third schema
    db.exec("CREATE TABLE fact (x)");
    db.close();
    const { path } = fixture;
    const before = readTables(path);
    expect(() => openDatabase({ path, nowMs: 0, isKnownDamaged: false })).toThrow("fact");
    expect(readTables(path)).toEqual(before);
  });

  it("keeps every fact with its time when what repeats is stored once", () => {
    fixture = copySchema(6);
    const before = new Database(fixture.path);
    before.exec(`INSERT INTO fact (agent, key, valid_from, valid_to, body)
      SELECT agent, fact.key, valid_from - 20 * n.value, valid_from - 20 * n.value + 10, body FROM fact, json_each('[1, 2]') AS n`);
    const facts = before
      .prepare("SELECT id, agent, key, valid_from, valid_to, body FROM fact ORDER BY id")
      .all();
    before.close();
    const { db } = openDatabase({ path: fixture.path, nowMs: 0, isKnownDamaged: false });
    expect(
      db
        .prepare(
          `SELECT fact.id, agent, key, valid_from, valid_to, body FROM fact JOIN document ON document.id = document
           ORDER BY fact.id`,
        )
        .all(),
    ).toEqual(facts);
    expect(facts.length).toBeGreaterThan(0);
    expect(db.prepare("SELECT sum(uses) FROM document").pluck().get()).toBe(facts.length);
    expect(Number(db.prepare("SELECT count(*) FROM document").pluck().get())).toBeLessThanOrEqual(
      facts.length / 3,
    );
    db.close();
  });

  it("records since when facts hold, what changed and what happened, from the first frame on", async () => {
    const opened = await open();
    const { capturedAtMs } = testFrame(1n);
    const [first, second, third] = [1n, 2n, 3n].map((sequence) => testFrame(sequence));
    const fact = first!.facts[0]!;
    await opened.append([
      receivedFrame(1n),
      // a keyframe without it: it holds no longer
      receivedFrame(2n, { frame: { ...second!, keyframe: true, facts: [] } }),
      receivedFrame(3n, { frame: { ...third!, facts: [fact] } }),
    ]);
    const changes = await opened.changes({
      cluster: "prod-a",
      fromMs: capturedAtMs,
      toMs: capturedAtMs + 10_000,
    });
    expect(changes).toEqual([
      { node: "m1", key: "process", atMs: capturedAtMs, before: undefined, after: fact },
      { node: "m1", key: "process", atMs: capturedAtMs + 1000, before: fact, after: undefined },
      { node: "m1", key: "process", atMs: capturedAtMs + 2000, before: undefined, after: fact },
    ]);
    expect(await opened.factsAt({ cluster: "prod-a", atMs: capturedAtMs })).toEqual([]);
    expect(await opened.factsAt({ cluster: "prod-a", atMs: capturedAtMs + 1500 })).toMatchObject([
      { node: "m1", lastHeardMs: capturedAtMs + 1000, last: { frame: { sequence: 2n } }, facts: [] },
    ]);
    expect(await opened.factsAt({ cluster: "prod-a", atMs: capturedAtMs + 2500 })).toMatchObject([
      { node: "m1", lastHeardMs: capturedAtMs + 2000, facts: [{ sinceMs: capturedAtMs + 2000, fact }] },
    ]);
    const events = await opened.events("prod-a", 0, 10);
    expect(events).toHaveLength(3);
    expect(events[0]).toEqual({ node: "m1", event: first!.events[0] });
    expect(await opened.events("prod-a", 6, 10)).toEqual([]);
  });

  it("does not begin a fact anew because the collector was started again", async () => {
    const opened = await open();
    await opened.append([receivedFrame(1n)]);
    await opened.close();
    history = createHistory({
      path: fixture!.path,
      rawMs: 1e13,
      maxBytes: 1e9,
      clock: systemClock,
      log: createTestLog(),
    });
    await history.start();
    await history.append([receivedFrame(2n, { frame: { ...testFrame(2n), keyframe: true } })]);
    const { capturedAtMs } = testFrame(1n);
    expect(await history.changes({ cluster: "prod-a", fromMs: 0, toMs: 2e12 })).toHaveLength(1);
    expect(
      (await history.factsAt({ cluster: "prod-a", atMs: capturedAtMs + 5000 }))[0]?.facts[0]?.sinceMs,
    ).toBe(capturedAtMs);
  });
});

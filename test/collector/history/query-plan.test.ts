import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCompactor } from "../../../collector/history/compactor.ts";
import { openDatabase, type Db } from "../../../collector/history/database.ts";
import { createIncidentReader, createIncidentWriter } from "../../../collector/history/incident-tables.ts";
import { createReader } from "../../../collector/history/reader.ts";
import { createWriter } from "../../../collector/history/writer.ts";
import { systemClock } from "../../../shared/clock.ts";
import { copyFixture, type FixtureCopy } from "./v1-fixture.ts";

const FOLDER = join(import.meta.dirname, "../../../collector/history");
/** They ask once, when a file is opened, checked or copied. */
const OPENING = ["backup.ts", "check-history.ts", "database.ts"];

/** Tables that do not grow with time: a row a node. */
const BOUNDED = ["agent"];
/** By these alone nearly every row is found: that is a scan in all but the name. */
const NOT_SELECTIVE = /^SEARCH (\w+) .*\((?:detail|width_ms)[=<>]\?\)$/;

/** Beginnings of the statements that may go over a table that grows, and why. */
const ALLOWED: Readonly<Record<string, string>> = {
  "SELECT id, received_ms FROM frame ORDER BY id DESC": "ends at the first row that is too old",
  "SELECT received_ms FROM frame ORDER BY id LIMIT 1": "the first row",
  "DELETE FROM frame WHERE id IN (SELECT id FROM frame ORDER BY id LIMIT ?)": "the first rows",
  "DELETE FROM landed_pack WHERE id IN (SELECT id FROM landed_pack ORDER BY received_from_ms LIMIT 5)":
    "the first rows of the index",
  "DELETE FROM note WHERE id IN (SELECT id FROM note ORDER BY id LIMIT ?)": "the first rows",
  "SELECT id, agent, from_ms FROM block WHERE detail = ? ORDER BY to_ms LIMIT 5":
    "the first rows of the index",
  "DELETE FROM rollup WHERE id IN (SELECT id FROM rollup WHERE width_ms = ? ORDER BY to_ms LIMIT 5)":
    "the first rows of the index",
  "SELECT id, key AS name FROM series": "once, at the start: every name is held",
  "SELECT id, probe, target FROM probe": "once, at the start: every name is held",
};

interface Prepared {
  readonly sql: string;
  readonly file: string;
}

let fixture: FixtureCopy;
let db: Db;
let explain: Db["prepare"];
const prepared: Prepared[] = [];

beforeAll(() => {
  fixture = copyFixture(5);
  ({ db } = openDatabase({ path: fixture.path, nowMs: 0, isKnownDamaged: false }));
  explain = db.prepare.bind(db);
  db.prepare = ((sql: string) => {
    const [, file = ""] = /collector\/history\/([\w-]+\.ts)/.exec(new Error("here").stack ?? "") ?? [];
    prepared.push({ sql: sql.replaceAll(/\s+/g, " ").trim(), file });
    return explain(sql);
  }) as Db["prepare"];
  createWriter(db).names();
  createReader(db, systemClock);
  createCompactor(db);
  createIncidentReader(db);
  createIncidentWriter(db);
});

afterAll(() => {
  db.close();
  fixture.remove();
});

function planOf(sql: string): readonly string[] {
  const unknowns = sql.split("?").length - 1;
  return explain<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
    .all(...Array.from({ length: unknowns }, () => null))
    .map(({ detail }) => detail);
}

/** Tables of which the statement reads every row, or nearly. */
function scannedBy(sql: string): readonly string[] {
  return planOf(sql)
    .map((step) => (/^SCAN (\w+)/.exec(step) ?? NOT_SELECTIVE.exec(step))?.[1])
    .filter((table) => table !== undefined && !BOUNDED.includes(table)) as readonly string[];
}

describe("collector/history: what its statements read", () => {
  it("knows every statement there is", () => {
    const asking = readdirSync(FOLDER).filter(
      (file) => !OPENING.includes(file) && /\.prepare[<(]/.test(readFileSync(join(FOLDER, file), "utf8")),
    );
    expect([...new Set(prepared.map(({ file }) => file))].toSorted()).toEqual(asking.toSorted());
  });

  it("goes over no table that grows, but where it says why", () => {
    const isAllowed = (sql: string): boolean => Object.keys(ALLOWED).some((start) => sql.startsWith(start));
    const scanning = prepared
      .filter(({ sql }) => !isAllowed(sql))
      .map(({ sql, file }) => ({ file, sql, scans: scannedBy(sql) }))
      .filter(({ scans }) => scans.length > 0);
    expect(scanning).toEqual([]);
  });

  it("allows nothing that is not there", () => {
    const unused = Object.keys(ALLOWED).filter((start) => !prepared.some(({ sql }) => sql.startsWith(start)));
    expect(unused).toEqual([]);
  });
});

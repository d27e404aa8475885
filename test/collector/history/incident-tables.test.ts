import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createHistory, type History } from "../../../collector/history/history.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { IncidentRecord } from "../../../shared/incident-record.ts";
import type { Note } from "../../../shared/note.ts";
import { createTestLog } from "../ingest/test-frames.ts";

let folder: string;
let history: History;

async function open(): Promise<void> {
  history = createHistory({
    path: join(folder, "history.db"),
    rawMs: 1e12,
    maxBytes: 1e9,
    clock: systemClock,
    log: createTestLog(),
  });
  await history.start();
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "etcdscope-incidents-"));
  await open();
});

afterEach(async () => {
  await history.close();
  rmSync(folder, { recursive: true, force: true });
});

function incident(id: string, openedMs: number, resolvedMs: number | null): IncidentRecord {
  return {
    id,
    cluster: "prod-a",
    openedMs,
    resolvedMs,
    status: resolvedMs === null ? "open" : "resolved",
  } as IncidentRecord;
}

function note(id: string, kind: Note["kind"], atMs: number): Note {
  return { id, kind, atMs, code: "process_exited", node: "m1" } as Note;
}

describe("collector/history/incident-tables", () => {
  it("gives back over a restart what was written last, newest first, by span", async () => {
    await history.saveIncidents([incident("a", 1000, null), incident("b", 5000.4, null)]);
    await history.saveIncidents([incident("a", 1000, 2000)]);
    await history.close();
    await open();
    expect((await history.incidents("prod-a", 0, 9000)).map(({ id }) => id)).toEqual(["b", "a"]);
    expect((await history.incidents("prod-a", 3000, 9000)).map(({ id }) => id)).toEqual(["b"]);
    expect((await history.incidents("prod-a", 1500, 1500)).map(({ id }) => id)).toEqual(["a"]);
    expect((await history.recentIncidents(1500)).map(({ id }) => id)).toEqual(["a", "b"]);
    expect((await history.recentIncidents(2500)).map(({ id }) => id)).toEqual(["b"]);
    expect((await history.incident("prod-a", "a"))?.resolvedMs).toBe(2000);
    expect(await history.incident("prod-b", "a")).toBeUndefined();
  });

  it("keeps a note once, however often it is written", async () => {
    await history.saveNotes("prod-a", [note("1", "event", 1000), note("2", "change", 2000)]);
    await history.saveNotes("prod-a", [note("1", "event", 1000), note("3", "event", 3000)]);
    const read = async (kind: Note["kind"] | undefined): Promise<readonly string[]> =>
      (await history.notes({ cluster: "prod-a", kind, fromMs: 0, toMs: 3000 })).map(({ id }) => id);
    expect(await read(undefined)).toEqual(["2", "1"]);
    expect(await read("event")).toEqual(["1"]);
  });
});

/**
 * The tables of incidents and notes (what happened and changed on nodes), with all that reads and writes them; apart
 * from the samples, whose layout is another matter.
 */
import type { IncidentRecord } from "../../shared/incident-record.ts";
import type { Note, NoteKind } from "../../shared/note.ts";
import type { Db } from "./database.ts";

/** A migration; incident.resolved_ms is null while it is open. note.code is what the note is of. */
export const INCIDENT_TABLES = `
  CREATE TABLE IF NOT EXISTS incident (
    cluster TEXT NOT NULL,
    id TEXT NOT NULL,
    opened_ms INTEGER NOT NULL,
    resolved_ms INTEGER,
    json TEXT NOT NULL,
    PRIMARY KEY (cluster, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS incident_by_end ON incident (resolved_ms);
  CREATE TABLE IF NOT EXISTS note (
    id INTEGER PRIMARY KEY,
    cluster TEXT NOT NULL,
    note_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    json TEXT NOT NULL,
    UNIQUE (cluster, note_id)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS note_by_time ON note (cluster, at_ms);
`;

/** Notes of all clusters; the oldest go first. Some 300 bytes each. */
const MAX_NOTES = 500_000;
/** Rows removed in one step. */
const RETENTION_ROWS = 500;
/** Entries of one answer; the newest of a span. */
export const MAX_NOTES_READ = 5000;
export const MAX_INCIDENTS_READ = 5000;

export interface IncidentWriter {
  saveIncidents(incidents: readonly IncidentRecord[]): void;
  saveNotes(cluster: string, notes: readonly Note[]): void;
  /** Removes what ended before. */
  retainIncidents(beforeMs: number): void;
}

export function createIncidentWriter(db: Db): IncidentWriter {
  const upsertIncident = db.prepare<[string, string, number, number | null, string]>(
    "INSERT OR REPLACE INTO incident (cluster, id, opened_ms, resolved_ms, json) VALUES (?, ?, ?, ?, ?)",
  );
  const insertNote = db.prepare<[string, string, string, number, string]>(
    "INSERT INTO note (cluster, note_id, kind, at_ms, json) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const deleteIncidents = db.prepare<[number, number]>(
    "DELETE FROM incident WHERE (cluster, id) IN (SELECT cluster, id FROM incident WHERE resolved_ms < ? LIMIT ?)",
  );
  const deleteNotes = db.prepare<[number, number, number]>(
    `DELETE FROM note WHERE id IN (SELECT id FROM note ORDER BY id LIMIT ?)
     AND (at_ms < ? OR id <= (SELECT max(id) FROM note) - ?)`,
  );
  return {
    saveIncidents: db.transaction((incidents: readonly IncidentRecord[]) => {
      for (const incident of incidents) {
        const { cluster, id, openedMs, resolvedMs } = incident;
        upsertIncident.run(
          cluster,
          id,
          Math.round(openedMs),
          roundOrNull(resolvedMs),
          JSON.stringify(incident),
        );
      }
    }),
    saveNotes: db.transaction((cluster: string, notes: readonly Note[]) => {
      for (const note of notes) {
        insertNote.run(cluster, note.id, note.kind, Math.round(note.atMs), JSON.stringify(note));
      }
    }),
    retainIncidents: db.transaction((beforeMs: number) => {
      deleteIncidents.run(beforeMs, RETENTION_ROWS);
      deleteNotes.run(RETENTION_ROWS, beforeMs, MAX_NOTES);
    }),
  };
}

export interface NoteQuery {
  readonly cluster: string;
  /** undefined: both. */
  readonly kind: NoteKind | undefined;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface IncidentReader {
  /** Those that were open at some time in [fromMs, toMs], newest first. */
  incidents(cluster: string, fromMs: number, toMs: number): readonly IncidentRecord[];
  incident(cluster: string, id: string): IncidentRecord | undefined;
  /** Of every cluster: open, or over since then. */
  recentIncidents(sinceMs: number): readonly IncidentRecord[];
  /** In [fromMs, toMs), newest first, MAX_NOTES_READ at most. */
  notes(query: NoteQuery): readonly Note[];
}

export function createIncidentReader(db: Db): IncidentReader {
  const selectSpan = db
    .prepare<[string, number, number, number], string>(
      `SELECT json FROM incident WHERE cluster = ? AND opened_ms <= ? AND (resolved_ms IS NULL OR resolved_ms >= ?)
       ORDER BY opened_ms DESC, id LIMIT ?`,
    )
    .pluck();
  const selectOne = db
    .prepare<[string, string], string>("SELECT json FROM incident WHERE cluster = ? AND id = ?")
    .pluck();
  const selectRecent = db
    .prepare<[number, number], string>(
      "SELECT json FROM incident WHERE resolved_ms IS NULL OR resolved_ms >= ? ORDER BY opened_ms, id LIMIT ?",
    )
    .pluck();
  const selectNotes = db
    .prepare<[string, number, number, string, number], string>(
      `SELECT json FROM note WHERE cluster = ? AND at_ms >= ? AND at_ms < ? AND ? IN ('', kind)
       ORDER BY at_ms DESC, id DESC LIMIT ?`,
    )
    .pluck();
  return {
    incidents: (cluster, fromMs, toMs) =>
      selectSpan.all(cluster, toMs, fromMs, MAX_INCIDENTS_READ).map(parseIncident),
    incident: (cluster, id) => {
      const json = selectOne.get(cluster, id);
      return json === undefined ? undefined : parseIncident(json);
    },
    recentIncidents: (sinceMs) => selectRecent.all(sinceMs, MAX_INCIDENTS_READ).map(parseIncident),
    notes: ({ cluster, kind, fromMs, toMs }) =>
      selectNotes
        .all(cluster, fromMs, toMs, kind ?? "", MAX_NOTES_READ)
        .map((json) => JSON.parse(json) as Note),
  };
}

function roundOrNull(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}

function parseIncident(json: string): IncidentRecord {
  return JSON.parse(json) as IncidentRecord;
}

/** A thread that reads the history. */
import { systemClock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import { openForReading, type Db } from "./database.ts";
import { createIncidentReader, type IncidentReader } from "./incident-tables.ts";
import { createReader, type Reader } from "./reader.ts";
import { serveCalls } from "./serve-calls.ts";
import type { ReaderCalls } from "./worker-protocol.ts";

let opened: { readonly db: Db; readonly reader: Reader; readonly incidents: IncidentReader } | undefined;

function use(): NonNullable<typeof opened> {
  if (opened === undefined) {
    throw new EtcdscopeError("STORAGE_FAILED", "History is not open", { reason: "not_open" });
  }
  return opened;
}

function reader(): Reader {
  return use().reader;
}

serveCalls<ReaderCalls>({
  open: ({ path }) => {
    const db = openForReading(path);
    opened = { db, reader: createReader(db, systemClock), incidents: createIncidentReader(db) };
    return undefined;
  },
  selectReceived: ({ sinceMs }) => reader().selectReceived(sinceMs),
  readRows: (ids) => reader().readRows(ids),
  readPack: ({ pack }) => reader().readPack(pack),
  readBlock: ({ block }) => reader().readBlock(block),
  readSpan: (span) => reader().readSpan(span),
  changes: (query) => reader().changes(query),
  lastBefore: (query) => reader().lastBefore(query),
  factsAt: ({ cluster, atMs }) => reader().factsAt(cluster, atMs),
  events: (span) => reader().events(span),
  findings: (span) => reader().findings(span),
  activeFindings: () => reader().activeFindings(),
  incidents: ({ cluster, fromMs, toMs }) => use().incidents.incidents(cluster, fromMs, toMs),
  incident: ({ cluster, id }) => use().incidents.incident(cluster, id),
  recentIncidents: ({ sinceMs }) => use().incidents.recentIncidents(sinceMs),
  notes: (query) => use().incidents.notes(query),
  clusters: () => reader().clusters(),
  lastFrames: () => reader().lastFrames(),
  knownSeries: ({ cluster }) => reader().knownSeries(cluster),
  series: (query) => reader().series(query),
  close: () => {
    opened?.db.close();
    opened = undefined;
    return undefined;
  },
});

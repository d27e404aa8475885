/** A thread that reads the history. */
import { systemClock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import { openForReading, type Db } from "./database.ts";
import { createReader, type Reader } from "./reader.ts";
import { serveCalls } from "./serve-calls.ts";
import type { ReaderCalls } from "./worker-protocol.ts";

let opened: { readonly db: Db; readonly reader: Reader } | undefined;

function reader(): Reader {
  if (opened === undefined) {
    throw new EtcdscopeError("STORAGE_FAILED", "History is not open", { reason: "not_open" });
  }
  return opened.reader;
}

serveCalls<ReaderCalls>({
  open: ({ path }) => {
    const db = openForReading(path);
    opened = { db, reader: createReader(db, systemClock) };
    return undefined;
  },
  selectReceived: ({ sinceMs }) => reader().selectReceived(sinceMs),
  readRows: (ids) => reader().readRows(ids),
  readBlock: ({ block }) => reader().readBlock(block),
  readSpan: (span) => reader().readSpan(span),
  changes: (span) => reader().changes(span),
  factsAt: ({ cluster, atMs }) => reader().factsAt(cluster, atMs),
  events: (span) => reader().events(span),
  findings: (span) => reader().findings(span),
  activeFindings: () => reader().activeFindings(),
  clusters: () => reader().clusters(),
  knownSeries: ({ cluster }) => reader().knownSeries(cluster),
  series: (query) => reader().series(query),
  close: () => {
    opened?.db.close();
    opened = undefined;
    return undefined;
  },
});

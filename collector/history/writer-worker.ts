/** The thread that writes the history: the only writer of the file. */
import { EtcdscopeError } from "../../shared/errors.ts";
import { openDatabase, translateSqliteError, type Db } from "./database.ts";
import { createIncidentWriter, type IncidentWriter } from "./incident-tables.ts";
import { serveCalls } from "./serve-calls.ts";
import type { WriterCalls } from "./worker-protocol.ts";
import { createWriter, type Writer } from "./writer.ts";

let opened: { readonly db: Db; readonly writer: Writer; readonly incidents: IncidentWriter } | undefined;

function use(): NonNullable<typeof opened> {
  if (opened === undefined) {
    throw new EtcdscopeError("STORAGE_FAILED", "History is not open", { reason: "not_open" });
  }
  return opened;
}

function writer(): Writer {
  return use().writer;
}

function open(input: WriterCalls["open"]["input"]): WriterCalls["open"]["output"] {
  const { db, damagedFile } = openDatabase(input);
  try {
    const created = createWriter(db);
    const names = created.names();
    opened = { db, writer: created, incidents: createIncidentWriter(db) };
    return { names, damagedFile };
  } catch (error) {
    db.close();
    throw error;
  }
}

serveCalls<WriterCalls>({
  open: (input) => {
    try {
      return open(input);
    } catch (error) {
      // it opened, but its first pages cannot be read
      if (input.isKnownDamaged || translateSqliteError(error).code !== "STORAGE_CORRUPT") {
        throw error;
      }
      return open({ ...input, isKnownDamaged: true });
    }
  },
  append: (request) => {
    writer().append(request);
    return undefined;
  },
  lastSequence: (stream) => writer().lastSequence(stream),
  heldSequences: (stream) => writer().heldSequences(stream),
  saveFindings: ({ cluster, findings }) => {
    writer().saveFindings(cluster, findings);
    return undefined;
  },
  saveIncidents: ({ incidents }) => {
    use().incidents.saveIncidents(incidents);
    return undefined;
  },
  saveNotes: ({ cluster, notes }) => {
    use().incidents.saveNotes(cluster, notes);
    return undefined;
  },
  retain: (request) => {
    use().incidents.retainIncidents(request.beforeMs);
    return writer().retain(request);
  },
  keepSpan: ({ cluster, fromMs, toMs }) => {
    writer().keepSpan(cluster, fromMs, toMs);
    return undefined;
  },
  store: (work) => {
    writer().store(work);
    return undefined;
  },
  close: () => {
    opened?.db.close();
    opened = undefined;
    return undefined;
  },
});

/** Records facts with the time in which they hold, and events. Inside of the writer's transaction. */
import type { Db } from "./database.ts";
import type { FactNews } from "./fact-changes.ts";
import type { FrameDocuments } from "./worker-protocol.ts";

export interface DocumentWriter {
  write(agent: number, atMs: number, documents: FrameDocuments): void;
}

/** Until something says otherwise. */
const EVER = Number.MAX_SAFE_INTEGER;

/** Facts of a key among which one that says the same is looked for: what comes and goes has few states. */
const LOOK_BACK = 8;

interface HeldRow {
  readonly id: number;
  readonly valid_from: number;
  readonly valid_to: number | null;
  readonly document: number;
  readonly body: Uint8Array;
}

export function createDocumentWriter(db: Db): DocumentWriter {
  const selectHeld = db.prepare<[number, string, number, number], HeldRow>(
    `SELECT fact.id, valid_from, valid_to, document, body FROM fact JOIN document ON document.id = fact.document
     WHERE agent = ? AND key = ? AND valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)
     ORDER BY valid_from DESC LIMIT 1`,
  );
  const selectNext = db.prepare<[number, string, number], HeldRow>(
    `SELECT fact.id, valid_from, valid_to, document, body FROM fact JOIN document ON document.id = fact.document
     WHERE agent = ? AND key = ? AND valid_from > ? ORDER BY valid_from LIMIT 1`,
  );
  const selectNewest = db.prepare<[number, string], { document: number; body: Uint8Array }>(
    `SELECT document, body FROM fact JOIN document ON document.id = fact.document
     WHERE agent = ? AND key = ? ORDER BY valid_from DESC LIMIT ${LOOK_BACK}`,
  );
  const insertDocument = db.prepare<[Uint8Array]>("INSERT INTO document (uses, body) VALUES (0, ?)");
  const insertFact = db.prepare<[number, string, number, number | null, number]>(
    "INSERT INTO fact (agent, key, valid_from, valid_to, document) VALUES (?, ?, ?, ?, ?)",
  );
  const beginFact = db.prepare<[number, number]>("UPDATE fact SET valid_from = ? WHERE id = ?");
  const endFact = db.prepare<[number, number]>("UPDATE fact SET valid_to = ? WHERE id = ?");
  const deleteFact = db.prepare<[number]>("DELETE FROM fact WHERE id = ?");
  const selectKeys = db
    .prepare<[number, number, number, number, number], string>(
      `SELECT key FROM fact INDEXED BY fact_by_end_of_agent WHERE agent = ? AND valid_to IS NULL AND valid_from <= ? UNION
       SELECT key FROM fact INDEXED BY fact_by_end_of_agent WHERE agent = ? AND valid_to > ? AND valid_from <= ?`,
    )
    .pluck();
  const insertEvent = db.prepare<[number, number, string, string, string]>(
    "INSERT INTO event (agent, at_ms, kind, subject, attributes) VALUES (?, ?, ?, ?, ?)",
  );

  /**
   * From then on it is so, until something later says otherwise. Also in the middle of what is recorded already, where
   * from `untilMs` on what was recorded before holds as it did.
   */
  function record(agent: number, { key, atMs, body }: FactNews, untilMs: number | undefined): void {
    const held = selectHeld.get(agent, key, atMs, atMs);
    if (held !== undefined && body !== undefined && Buffer.compare(held.body, body) === 0) {
      return;
    }
    if (held !== undefined) {
      // before its document may go with it
      if (untilMs !== undefined && untilMs < (held.valid_to ?? EVER)) {
        insertFact.run(agent, key, untilMs, held.valid_to, held.document);
      }
      if (held.valid_from === atMs) {
        deleteFact.run(held.id);
      } else {
        endFact.run(atMs, held.id);
      }
    }
    if (body !== undefined) {
      insert(agent, { key, atMs, body }, untilMs ?? EVER);
    }
  }

  /** Until the next begins; one that says the same begins earlier instead. */
  function insert(
    agent: number,
    { key, atMs, body }: FactNews & { readonly body: Uint8Array },
    untilMs: number,
  ): void {
    const next = selectNext.get(agent, key, atMs);
    const end = Math.min(next?.valid_from ?? EVER, untilMs);
    if (next?.valid_from === end && Buffer.compare(next.body, body) === 0) {
      beginFact.run(atMs, next.id);
    } else {
      insertFact.run(agent, key, atMs, end === EVER ? null : end, documentOf(agent, key, body));
    }
  }

  /** The one that says the same, where there is one lately; else a new one. */
  function documentOf(agent: number, key: string, body: Uint8Array): number {
    const known = selectNewest.all(agent, key).find((one) => Buffer.compare(one.body, body) === 0);
    return known?.document ?? Number(insertDocument.run(body).lastInsertRowid);
  }

  return {
    write: (agent, atMs, { news, events }) => {
      for (const fact of news.facts) {
        record(agent, fact, news.untilMs);
      }
      if (news.onlyKeys !== undefined) {
        const holds = new Set(news.onlyKeys);
        const held = selectKeys.all(agent, atMs, agent, atMs, atMs);
        for (const key of held.filter((one) => !holds.has(one))) {
          record(agent, { key, atMs, body: undefined }, news.untilMs);
        }
      }
      for (const event of events) {
        insertEvent.run(agent, event.atMs, event.kind, event.subject, JSON.stringify(event.attributes));
      }
    },
  };
}

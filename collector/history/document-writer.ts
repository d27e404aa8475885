/** Records facts with the time in which they hold, and events. Inside of the writer's transaction. */
import type { Db } from "./database.ts";
import type { FactNews } from "./fact-changes.ts";
import type { FrameDocuments } from "./worker-protocol.ts";

export interface DocumentWriter {
  write(agent: number, atMs: number, documents: FrameDocuments): void;
}

interface HeldRow {
  readonly id: number;
  readonly valid_from: number;
  readonly valid_to: number | null;
  readonly body: Uint8Array;
}

export function createDocumentWriter(db: Db): DocumentWriter {
  const selectHeld = db.prepare<[number, string, number, number], HeldRow>(
    `SELECT id, valid_from, valid_to, body FROM fact
     WHERE agent = ? AND key = ? AND valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)
     ORDER BY valid_from DESC LIMIT 1`,
  );
  const selectNextStart = db
    .prepare<[number, string, number], number | null>(
      "SELECT min(valid_from) FROM fact WHERE agent = ? AND key = ? AND valid_from > ?",
    )
    .pluck();
  const insertFact = db.prepare<[number, string, number, number | null, Uint8Array]>(
    "INSERT INTO fact (agent, key, valid_from, valid_to, body) VALUES (?, ?, ?, ?, ?)",
  );
  const endFact = db.prepare<[number, number]>("UPDATE fact SET valid_to = ? WHERE id = ?");
  const deleteFact = db.prepare<[number]>("DELETE FROM fact WHERE id = ?");
  const selectKeys = db
    .prepare<[number], string>("SELECT DISTINCT key FROM fact WHERE agent = ? AND valid_to IS NULL")
    .pluck();
  const insertEvent = db.prepare<[number, number, string, string, string]>(
    "INSERT INTO event (agent, at_ms, kind, subject, attributes) VALUES (?, ?, ?, ?, ?)",
  );

  /** From then on it is so, until something later says otherwise. Also in the middle of what is recorded already. */
  function record(agent: number, { key, atMs, body }: FactNews): void {
    const held = selectHeld.get(agent, key, atMs, atMs);
    if (held !== undefined && body !== undefined && Buffer.compare(held.body, body) === 0) {
      return;
    }
    if (held !== undefined) {
      if (held.valid_from === atMs) {
        deleteFact.run(held.id);
      } else {
        endFact.run(atMs, held.id);
      }
    }
    if (body !== undefined) {
      const nextStart = selectNextStart.get(agent, key, atMs) ?? null;
      insertFact.run(agent, key, atMs, nextStart, body);
    }
  }

  return {
    write: (agent, atMs, { news, events }) => {
      for (const fact of news.facts) {
        record(agent, fact);
      }
      if (news.onlyKeys !== undefined) {
        const holds = new Set(news.onlyKeys);
        for (const key of selectKeys.all(agent).filter((one) => !holds.has(one))) {
          record(agent, { key, atMs, body: undefined });
        }
      }
      for (const event of events) {
        insertEvent.run(agent, event.atMs, event.kind, event.subject, JSON.stringify(event.attributes));
      }
    },
  };
}

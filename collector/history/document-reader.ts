/** Reads facts with the time in which they held, and events. One query each. On a reader's thread. */
import { EtcdscopeError } from "../../shared/errors.ts";
import type { Db } from "./database.ts";
import type { ChangeQuery } from "./history-door.ts";
import type { ChangeRow, FactRow, NodeEventRow, Span } from "./worker-protocol.ts";

type ChangeHalf = readonly [string, number, number, string | null];
type ChangeParameters = [...ChangeHalf, ...ChangeHalf];

/** Rows of one answer, at most. */
const MAX_ROWS = 20_000;

export interface DocumentReader {
  changes(query: ChangeQuery): readonly ChangeRow[];
  factsAt(cluster: string, atMs: number): readonly FactRow[];
  events(span: Span): readonly NodeEventRow[];
}

/** Whether the key begins with one of these kinds, each between commas; null: all are wanted. */
const KIND = "',' || substr(fact.key, 1, instr(fact.key || '/', '/') - 1) || ','";
const IS_WANTED = `instr(ifnull(?, ${KIND}), ${KIND}) > 0`;

export function createDocumentReader(db: Db): DocumentReader {
  // what began, with what ended at the same moment; and what ended with nothing after it
  const selectChanges = db.prepare<ChangeParameters, ChangeRow>(
    `SELECT agent.node, fact.key, fact.valid_from AS atMs, document.body AS after,
       (SELECT past.body FROM fact AS old JOIN document AS past ON past.id = old.document WHERE old.agent = fact.agent AND old.key = fact.key
        AND old.valid_from < fact.valid_from AND old.valid_to = fact.valid_from) AS before
     FROM agent JOIN fact ON fact.agent = agent.id JOIN document ON document.id = fact.document
     WHERE agent.cluster = ? AND fact.valid_from >= ? AND fact.valid_from < ? AND ${IS_WANTED}
     UNION ALL
     SELECT agent.node, fact.key, fact.valid_to, NULL, document.body
     FROM agent JOIN fact ON fact.agent = agent.id JOIN document ON document.id = fact.document
     WHERE agent.cluster = ? AND fact.valid_to >= ? AND fact.valid_to < ? AND ${IS_WANTED}
       AND NOT EXISTS (SELECT 1 FROM fact AS next WHERE next.agent = fact.agent AND next.key = fact.key
                       AND next.valid_from = fact.valid_to)
     ORDER BY atMs, node, key LIMIT ${MAX_ROWS + 1}`,
  );
  const selectFacts = db.prepare<
    [string, number, string, number, number],
    FactRow & { readonly key: string }
  >(
    `SELECT agent.node, fact.key, fact.valid_from AS sinceMs, document.body
     FROM agent JOIN fact INDEXED BY fact_by_end_of_agent ON fact.agent = agent.id
     JOIN document ON document.id = fact.document
     WHERE agent.cluster = ? AND fact.valid_from <= ? AND fact.valid_to IS NULL
     UNION ALL
     SELECT agent.node, fact.key, fact.valid_from, document.body
     FROM agent JOIN fact INDEXED BY fact_by_end_of_agent ON fact.agent = agent.id
     JOIN document ON document.id = fact.document
     WHERE agent.cluster = ? AND fact.valid_from <= ? AND fact.valid_to > ?
     ORDER BY node, key LIMIT ${MAX_ROWS}`,
  );
  const selectEvents = db.prepare<
    [string, number, number],
    { node: string; atMs: number; kind: string; subject: string; attributes: string }
  >(
    `SELECT agent.node, at_ms AS atMs, kind, subject, attributes FROM agent JOIN event ON event.agent = agent.id
     WHERE agent.cluster = ? AND at_ms >= ? AND at_ms < ? ORDER BY at_ms, event.id LIMIT ${MAX_ROWS + 1}`,
  );

  return {
    changes: ({ cluster, fromMs, toMs, kinds }) => {
      const wanted = kinds === undefined ? null : `,${kinds.join(",")},`;
      const half = [cluster, fromMs, toMs, wanted] as const;
      return bounded(selectChanges.all(...half, ...half));
    },
    factsAt: (cluster, atMs) =>
      selectFacts
        .all(cluster, atMs, cluster, atMs, atMs)
        .map(({ node, sinceMs, body }) => ({ node, sinceMs, body })),
    events: ({ cluster, fromMs, toMs }) =>
      bounded(selectEvents.all(cluster, fromMs, toMs)).map((row) => ({
        ...row,
        attributes: JSON.parse(row.attributes) as Record<string, string>,
      })),
  };
}

function bounded<Row>(rows: readonly Row[]): readonly Row[] {
  if (rows.length > MAX_ROWS) {
    throw new EtcdscopeError(
      "LIMIT_EXCEEDED",
      `Expected a span with at most ${MAX_ROWS} entries: ask for less`,
    );
  }
  return rows;
}

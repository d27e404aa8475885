/**
 * The tables, as a list of migrations: the n-th brings a file from version n to n + 1 (user_version). Never edit one
 * that was released; add another. Each comes with a file of the version before in test/fixture/history.
 *
 * frame is where frames land, a row each, until they are compacted. Its rowid grows with receipt. captured_ms is its place
 * in time: the capture, put right where the node's clock is clearly wrong (shared/frame-place.ts). Its blob is the wire's
 * Frame message (proto/etcdscope/v1/stream.proto) without definitions, whose series and probe numbers are those of
 * the tables series and probe, shared by all agents; encoding says how the blob is compressed (0: not, 1: zstd).
 * landed_pack holds rows of some minutes of one agent, within one hour of its clock, as one (landed-pack.ts), with what tells them
 * from others: the sums of their numbers and of their places in time.
 * block is an hour or less of one agent, compacted: detail says what is left of it (2: its frames, in block_frames;
 * 1: roll-ups of a minute; 0: those of a quarter of an hour, which everything compacted has). held_range lists the
 * sequences that were taken, wherever their frames are by now. fact holds each document of a node from
 * valid_from until valid_to (null: still), and document what it says, once for all facts that say the same: it goes with the
 * last of them, by triggers; kept_span is what stays in full resolution.
 */

import { HELD_RANGE_MIGRATION } from "./held-sequences.ts";
import { INCIDENT_TABLES } from "./incident-tables.ts";

/** "etsc": marks the file as ours (SQLite's application_id). */
export const APPLICATION_ID = 0x65_74_73_63;

export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE agent (
    id INTEGER PRIMARY KEY,
    cluster TEXT NOT NULL,
    node TEXT NOT NULL,
    UNIQUE (cluster, node)
  ) STRICT;
  CREATE TABLE instance (
    id INTEGER PRIMARY KEY,
    agent INTEGER NOT NULL REFERENCES agent (id),
    name TEXT NOT NULL,
    agent_version TEXT NOT NULL,
    last_sequence INTEGER NOT NULL,
    last_received_ms INTEGER NOT NULL,
    UNIQUE (agent, name)
  ) STRICT;
  CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    metric TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE
  ) STRICT;
  CREATE INDEX series_by_metric ON series (metric);
  CREATE TABLE agent_series (
    agent INTEGER NOT NULL REFERENCES agent (id),
    series INTEGER NOT NULL REFERENCES series (id),
    PRIMARY KEY (agent, series)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE probe (
    id INTEGER PRIMARY KEY,
    probe TEXT NOT NULL,
    target TEXT NOT NULL,
    UNIQUE (probe, target)
  ) STRICT;
  CREATE TABLE frame (
    id INTEGER PRIMARY KEY,
    agent INTEGER NOT NULL,
    instance INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    captured_ms INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    sample_count INTEGER NOT NULL,
    encoding INTEGER NOT NULL,
    blob BLOB NOT NULL,
    UNIQUE (instance, sequence)
  ) STRICT;
  CREATE INDEX frame_by_agent ON frame (agent, captured_ms);
  CREATE TABLE finding (
    cluster TEXT NOT NULL,
    id TEXT NOT NULL,
    code TEXT NOT NULL,
    subject TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    until_ms INTEGER,
    last_seen_ms INTEGER NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (cluster, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX finding_active ON finding (until_ms);
  `,
  HELD_RANGE_MIGRATION,
  `
  CREATE TABLE block (
    id INTEGER PRIMARY KEY,
    agent INTEGER NOT NULL,
    from_ms INTEGER NOT NULL,
    to_ms INTEGER NOT NULL,
    received_to_ms INTEGER NOT NULL,
    frames INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    detail INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX block_by_agent ON block (agent, from_ms);
  CREATE INDEX block_by_age ON block (detail, to_ms);
  CREATE INDEX block_by_receipt ON block (received_to_ms);
  CREATE TABLE block_frames (
    block INTEGER PRIMARY KEY,
    times BLOB NOT NULL,
    sample_values BLOB NOT NULL,
    rest BLOB NOT NULL
  ) STRICT;
  CREATE TABLE rollup (
    id INTEGER PRIMARY KEY,
    agent INTEGER NOT NULL,
    width_ms INTEGER NOT NULL,
    from_ms INTEGER NOT NULL,
    to_ms INTEGER NOT NULL,
    block INTEGER,
    rollups BLOB NOT NULL
  ) STRICT;
  CREATE INDEX rollup_by_agent ON rollup (agent, width_ms, from_ms);
  CREATE INDEX rollup_by_age ON rollup (width_ms, to_ms);
  CREATE TABLE fact (
    id INTEGER PRIMARY KEY,
    agent INTEGER NOT NULL,
    key TEXT NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_to INTEGER,
    body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX fact_by_key ON fact (agent, key, valid_from);
  CREATE INDEX fact_by_start ON fact (agent, valid_from);
  CREATE INDEX fact_by_end ON fact (valid_to);
  CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    agent INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    attributes TEXT NOT NULL
  ) STRICT;
  CREATE INDEX event_by_agent ON event (agent, at_ms);
  CREATE INDEX event_by_age ON event (at_ms);
  CREATE TABLE kept_span (
    cluster TEXT NOT NULL,
    from_ms INTEGER NOT NULL,
    to_ms INTEGER NOT NULL,
    PRIMARY KEY (cluster, from_ms)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX finding_by_start ON finding (cluster, since_ms);
  `,
  INCIDENT_TABLES,
  // held_range alone decides what is new, and an index of every sequence costs each commit; columns of blocks have kinds more
  `
  CREATE TABLE landed (
    id INTEGER PRIMARY KEY,
    agent INTEGER NOT NULL,
    instance INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    captured_ms INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    sample_count INTEGER NOT NULL,
    encoding INTEGER NOT NULL,
    blob BLOB NOT NULL
  ) STRICT;
  INSERT INTO landed (id, agent, instance, sequence, captured_ms, received_ms, sample_count, encoding, blob)
    SELECT id, agent, instance, sequence, captured_ms, received_ms, sample_count, encoding, blob FROM frame ORDER BY id;
  DROP TABLE frame;
  ALTER TABLE landed RENAME TO frame;
  CREATE INDEX frame_by_agent ON frame (agent, captured_ms);
  `,
  // what each step of retention and each look at facts asks for; some five seconds for a million facts and as many runs
  `
  CREATE INDEX instance_by_age ON instance (last_received_ms);
  CREATE INDEX kept_span_by_end ON kept_span (to_ms);
  CREATE INDEX fact_by_end_of_agent ON fact (agent, valid_to);
  `,
  // what comes and goes says the same again and again; some ten seconds for a million facts
  `
  CREATE TABLE document (
    id INTEGER PRIMARY KEY,
    uses INTEGER NOT NULL,
    body BLOB NOT NULL
  ) STRICT;
  CREATE TABLE held_fact (
    id INTEGER PRIMARY KEY,
    agent INTEGER NOT NULL,
    key TEXT NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_to INTEGER,
    document INTEGER NOT NULL
  ) STRICT;
  INSERT INTO held_fact (id, agent, key, valid_from, valid_to, document)
    SELECT id, agent, key, valid_from, valid_to, min(id) OVER (PARTITION BY agent, key, body) FROM fact;
  INSERT INTO document (id, uses, body)
    SELECT fact.id, uses.count, fact.body
    FROM (SELECT document, count(*) AS count FROM held_fact GROUP BY document) AS uses
    JOIN fact ON fact.id = uses.document;
  DROP TABLE fact;
  ALTER TABLE held_fact RENAME TO fact;
  CREATE INDEX fact_by_key ON fact (agent, key, valid_from);
  CREATE INDEX fact_by_start ON fact (agent, valid_from);
  CREATE INDEX fact_by_end ON fact (valid_to);
  CREATE INDEX fact_by_end_of_agent ON fact (agent, valid_to);
  CREATE TRIGGER fact_uses AFTER INSERT ON fact BEGIN
    UPDATE document SET uses = uses + 1 WHERE id = new.document;
  END;
  CREATE TRIGGER fact_leaves AFTER DELETE ON fact BEGIN
    UPDATE document SET uses = uses - 1 WHERE id = old.document;
    DELETE FROM document WHERE id = old.document AND uses = 0;
  END;
  CREATE TABLE landed_pack (
    id INTEGER PRIMARY KEY,
    agent INTEGER NOT NULL,
    from_ms INTEGER NOT NULL,
    to_ms INTEGER NOT NULL,
    received_from_ms INTEGER NOT NULL,
    received_to_ms INTEGER NOT NULL,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    frames INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    id_sum INTEGER NOT NULL,
    place_sum INTEGER NOT NULL,
    blob BLOB NOT NULL
  ) STRICT;
  CREATE INDEX landed_pack_by_agent ON landed_pack (agent, from_ms);
  CREATE INDEX landed_pack_by_age ON landed_pack (received_from_ms);
  CREATE INDEX landed_pack_by_receipt ON landed_pack (received_to_ms);
  `,
];

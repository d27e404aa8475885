/**
 * The tables, as a list of migrations: the n-th brings a file from version n to n + 1 (user_version). Never edit one
 * that was released; add another.
 *
 * frame is where frames land, a row each, until they are compacted. Its rowid grows with receipt. Its blob is the wire's
 * Frame message (proto/etcdscope/v1/stream.proto) without definitions, whose series and probe numbers are those of
 * the tables series and probe, shared by all agents; encoding says how the blob is compressed (0: not, 1: zstd).
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
  INCIDENT_TABLES,
];

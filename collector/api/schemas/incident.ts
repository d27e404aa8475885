/** JSON schemas of incidents, of what happened and changed, and of can-i. */
import { complete, INTEGER, listOf, NEXT_CURSOR, NUMBER, orNull, STRING, TEXT, TIMESTAMP } from "./shapes.ts";

const SEVERITY = { type: "string", enum: ["critical", "warning", "info"] } as const;
const STRETCHES = listOf(complete({ from: TIMESTAMP, to: orNull(TIMESTAMP) }));
const LABELS = { type: "object", additionalProperties: STRING } as const;

const SUMMARY: Readonly<Record<string, object>> = {
  id: { type: "string", description: "The same over restarts of the collector" },
  cluster: STRING,
  status: { type: "string", enum: ["open", "resolved"] },
  kind: {
    type: "string",
    enum: ["fault", "maintenance"],
    description: "maintenance: one member at a time was away, for two minutes at most; never above info",
  },
  severity: SEVERITY,
  title: TEXT,
  openedAt: TIMESTAMP,
  resolvedAt: orNull(TIMESTAMP),
  durationMs: NUMBER,
  reopened: { ...INTEGER, description: "How often it came back within ten minutes" },
  rootCauses: listOf(
    complete({ id: STRING, code: STRING, severity: SEVERITY, subject: { type: "object" }, title: TEXT }),
  ),
  findingCount: INTEGER,
};

const SUMMARY_EXAMPLE = {
  id: "5d1c0d2a9b3e4f55",
  cluster: "prod-a",
  status: "resolved",
  kind: "fault",
  severity: "critical",
  title: { en: "Disk full on m3", zh: "m3 磁盘已满" },
  openedAt: "2026-11-22T03:12:09.000Z",
  resolvedAt: "2026-11-22T03:40:00.000Z",
  durationMs: 1671000,
  reopened: 0,
  rootCauses: [],
  findingCount: 4,
} as const;

const NOTE = complete({
  id: STRING,
  at: { ...TIMESTAMP, description: "On the collector's clock" },
  node: STRING,
  code: { type: "string", examples: ["flags_changed"] },
  subject: STRING,
  text: TEXT,
  attributes: LABELS,
  isClockMeasured: { type: "boolean", description: "false: the node's clock was never measured" },
});

const NOTE_EXAMPLE = {
  id: "0c1c0d2a9b3e4f55",
  at: "2026-11-22T02:58:00.000Z",
  node: "m3",
  code: "flags_changed",
  subject: "snapshot-count",
  text: { en: "--snapshot-count: 100000 → 10000", zh: "--snapshot-count：100000 → 10000" },
  attributes: { from: "100000", to: "10000" },
  isClockMeasured: true,
} as const;

const MOVER = complete({
  metric: STRING,
  unit: { type: "string", description: "Counters are compared by their rate: unit/s" },
  node: STRING,
  labels: LABELS,
  help: TEXT,
  before: NUMBER,
  after: NUMBER,
  ratio: { ...orNull(NUMBER), description: "after / before; null: it was 0" },
});

export const INCIDENT_SUMMARY_SCHEMA = {
  $id: "IncidentSummary",
  ...complete(SUMMARY),
  examples: [SUMMARY_EXAMPLE],
} as const;

export const INCIDENT_LIST_SCHEMA = {
  $id: "IncidentList",
  ...complete({ cluster: STRING, incidents: listOf({ $ref: "IncidentSummary#" }), nextCursor: NEXT_CURSOR }),
  examples: [{ cluster: "prod-a", incidents: [SUMMARY_EXAMPLE], nextCursor: null }],
} as const;

export const INCIDENT_SCHEMA = {
  $id: "Incident",
  ...complete({
    ...SUMMARY,
    impact: complete({
      noWrites: STRETCHES,
      noWritesMs: NUMBER,
      leaderless: STRETCHES,
      leaderlessMs: NUMBER,
      members: listOf(complete({ member: STRING, away: STRETCHES, awayMs: NUMBER })),
      unseen: { ...STRETCHES, description: "Nothing can be said of these" },
      summary: TEXT,
    }),
    findings: listOf({ $ref: "Finding#" }),
    timeline: listOf(
      complete({
        at: TIMESTAMP,
        kind: { type: "string", enum: ["finding", "event", "change", "leader", "incident"] },
        code: STRING,
        node: orNull(STRING),
        severity: SEVERITY,
        text: TEXT,
        isClockMeasured: { type: "boolean" },
      }),
    ),
    changesBefore: { ...listOf(NOTE), description: "In the day before it began, oldest first" },
    trends: listOf(MOVER),
    unknown: { ...listOf(TEXT), description: "What this page could not see" },
  }),
  examples: [
    {
      ...SUMMARY_EXAMPLE,
      impact: {
        noWrites: [],
        noWritesMs: 0,
        leaderless: [],
        leaderlessMs: 0,
        members: [],
        unseen: [],
        summary: { en: "writes went on", zh: "写入未中断" },
      },
      findings: [],
      timeline: [],
      changesBefore: [NOTE_EXAMPLE],
      trends: [],
      unknown: [],
    },
  ],
} as const;

export const CHANGE_LIST_SCHEMA = {
  $id: "ChangeList",
  ...complete({ cluster: STRING, changes: listOf(NOTE), nextCursor: NEXT_CURSOR }),
  examples: [{ cluster: "prod-a", changes: [NOTE_EXAMPLE], nextCursor: null }],
} as const;

export const EVENT_LIST_SCHEMA = {
  $id: "EventList",
  ...complete({ cluster: STRING, events: listOf(NOTE), nextCursor: NEXT_CURSOR }),
  examples: [{ cluster: "prod-a", events: [], nextCursor: null }],
} as const;

export const MOVERS_SCHEMA = {
  $id: "Movers",
  ...complete({
    cluster: STRING,
    from: TIMESTAMP,
    to: TIMESTAMP,
    movers: listOf(MOVER),
    unknown: listOf(complete({ metric: STRING, because: TEXT })),
  }),
  examples: [
    {
      cluster: "prod-a",
      from: "2026-11-22T03:00:00.000Z",
      to: "2026-11-22T04:00:00.000Z",
      movers: [],
      unknown: [],
    },
  ],
} as const;

export const CAN_STOP_SCHEMA = {
  $id: "CanStop",
  ...complete({
    cluster: STRING,
    member: STRING,
    at: TIMESTAMP,
    safe: { ...orNull({ type: "boolean" }), description: "null: nobody can tell" },
    reasons: listOf(
      complete({ effect: { type: "string", enum: ["blocks", "unknown", "note"] }, code: STRING, text: TEXT }),
    ),
    tolerance: { ...INTEGER, description: "Voters that may still fail now" },
    after: complete({ voters: INTEGER, needed: INTEGER, serving: INTEGER, tolerance: INTEGER }),
  }),
  examples: [
    {
      cluster: "prod-a",
      member: "m2",
      at: "2026-11-22T03:16:10.000Z",
      safe: false,
      reasons: [
        {
          effect: "blocks",
          code: "QUORUM",
          text: { en: "without m2 quorum would be lost", zh: "停止 m2 将失去法定人数" },
        },
      ],
      tolerance: 0,
      after: { voters: 3, needed: 2, serving: 1, tolerance: -1 },
    },
  ],
} as const;

export const INCIDENT_SCHEMAS = [
  INCIDENT_SUMMARY_SCHEMA,
  INCIDENT_LIST_SCHEMA,
  INCIDENT_SCHEMA,
  CHANGE_LIST_SCHEMA,
  EVENT_LIST_SCHEMA,
  MOVERS_SCHEMA,
  CAN_STOP_SCHEMA,
] as const;

/** JSON schemas of what was seen rather than concluded: links, certificates, series. */
import {
  BOOLEAN,
  complete,
  listOf,
  NEXT_CURSOR,
  NUMBER,
  orNull,
  STRING,
  STRINGS,
  TEXT,
  TIMESTAMP,
} from "./shapes.ts";

const LAYER = { type: "string", enum: ["ok", "failed", "unknown"] } as const;

export const CONNECTIVITY_SCHEMA = {
  $id: "Connectivity",
  ...complete({
    cluster: STRING,
    at: TIMESTAMP,
    links: listOf(
      complete({
        from: STRING,
        to: STRING,
        port: { type: "string", enum: ["client", "peer"] },
        tcp: LAYER,
        tls: LAYER,
        http: LAYER,
        rttMs: orNull(NUMBER),
        loss: { ...orNull(NUMBER), description: "Share of lost segments, 0 to 1" },
        state: { type: "string", enum: ["up", "down", "unknown"] },
        why: TEXT,
        since: orNull(TIMESTAMP),
      }),
    ),
    nextCursor: NEXT_CURSOR,
  }),
  examples: [
    {
      cluster: "prod-a",
      at: "2026-11-22T03:16:10.000Z",
      links: [
        {
          from: "m1",
          to: "m3",
          port: "peer",
          tcp: "failed",
          tls: "unknown",
          http: "unknown",
          rttMs: null,
          loss: null,
          state: "down",
          why: { en: "connection refused", zh: "连接被拒绝" },
          since: "2026-11-22T03:12:21.000Z",
        },
      ],
      nextCursor: null,
    },
  ],
} as const;

export const CERTIFICATES_SCHEMA = {
  $id: "Certificates",
  ...complete({
    cluster: STRING,
    at: TIMESTAMP,
    certificates: listOf(
      complete({
        node: STRING,
        role: { type: "string", examples: ["peer-cert"] },
        path: STRING,
        subject: orNull(STRING),
        issuer: orNull(STRING),
        sans: STRINGS,
        notBefore: orNull(TIMESTAMP),
        notAfter: orNull(TIMESTAMP),
        daysLeft: orNull(NUMBER),
        serial: orNull(STRING),
        fingerprintSha256: orNull(STRING),
        problem: { ...orNull(STRING), description: "Why it could not be read, where that is so" },
        moreInFolder: {
          ...NUMBER,
          description:
            "At the last one of etcd's folder that is looked at: how many more lie there and are not",
        },
      }),
    ),
    nextCursor: NEXT_CURSOR,
  }),
  examples: [{ cluster: "prod-a", at: "2026-11-22T03:16:10.000Z", certificates: [], nextCursor: null }],
} as const;

export const SERIES_LIST_SCHEMA = {
  $id: "SeriesList",
  ...complete({
    cluster: STRING,
    series: listOf(
      complete({
        metric: STRING,
        unit: { type: "string", description: "Base unit; empty: not known to this collector" },
        kind: { type: "string", enum: ["gauge", "counter"] },
        help: TEXT,
        nodes: { ...STRINGS, description: "Nodes that sent it" },
      }),
    ),
    nextCursor: NEXT_CURSOR,
  }),
  examples: [
    {
      cluster: "prod-a",
      series: [
        {
          metric: "etcd_status_db_size_bytes",
          unit: "bytes",
          kind: "gauge",
          help: { en: "Size of the backend database file", zh: "后端数据库文件大小" },
          nodes: ["m1", "m2", "m3"],
        },
      ],
      nextCursor: null,
    },
  ],
} as const;

export const SERIES_SCHEMA = {
  $id: "Series",
  ...complete({
    metric: STRING,
    unit: STRING,
    from: TIMESTAMP,
    to: TIMESTAMP,
    stepMs: { ...NUMBER, description: "(to - from) / points" },
    series: listOf(
      complete({
        node: STRING,
        labels: { type: "object", additionalProperties: STRING },
        points: {
          ...listOf(complete({ at: TIMESTAMP, min: NUMBER, max: NUMBER, mean: NUMBER, last: NUMBER })),
          description: "One a step, oldest first; a step without samples is absent",
        },
      }),
    ),
  }),
  examples: [
    {
      metric: "etcd_status_db_size_bytes",
      unit: "bytes",
      from: "2026-11-22T03:00:00.000Z",
      to: "2026-11-22T04:00:00.000Z",
      stepMs: 12000,
      series: [
        {
          node: "m1",
          labels: { member: "m1" },
          points: [{ at: "2026-11-22T03:00:00.000Z", min: 20480, max: 24576, mean: 22528, last: 24576 }],
        },
      ],
    },
  ],
} as const;

export const TRENDS_SCHEMA = {
  $id: "Trends",
  ...complete({ cluster: STRING, metrics: listOf({ $ref: "Series#" }) }),
  examples: [{ cluster: "prod-a", metrics: [] }],
} as const;

export const DATA_COMPARISON_SCHEMA = {
  $id: "DataComparison",
  ...complete({
    cluster: STRING,
    node: { type: "string", description: "Whose agent does it; what it shows comes as DATA_CORRUPT" },
  }),
  examples: [{ cluster: "prod-a", node: "m2" }],
} as const;

export const BACKUPS_SCHEMA = {
  $id: "Backups",
  ...complete({
    cluster: STRING,
    at: TIMESTAMP,
    directories: listOf(
      complete({
        node: STRING,
        directory: STRING,
        problem: { ...orNull(STRING), description: "Why it could not be read" },
        count: NUMBER,
        oldest: orNull(TIMESTAMP),
        maxAgeSeconds: { ...NUMBER, description: "What the agent's configuration allows" },
        availableBytes: { ...orNull(NUMBER), description: "Room on its file system" },
        snapshots: {
          ...listOf(
            complete({
              name: STRING,
              sizeBytes: NUMBER,
              modifiedAt: TIMESTAMP,
              state: {
                type: "string",
                enum: ["valid", "truncated", "hash-mismatch", "not-a-database", "unknown"],
                description: "valid: its own sha256 is right and its first pages are a database's",
              },
              problem: orNull(STRING),
            }),
          ),
          description: "The newest ten, newest first",
        },
      }),
    ),
    nextCursor: NEXT_CURSOR,
  }),
  examples: [
    {
      cluster: "prod-a",
      at: "2026-11-22T03:16:10.000Z",
      directories: [
        {
          node: "m1",
          directory: "/backup/etcd",
          problem: null,
          count: 1,
          oldest: "2026-11-22T01:00:04.000Z",
          maxAgeSeconds: 93600,
          availableBytes: 53687091200,
          snapshots: [
            {
              name: "etcd-20261122.db",
              sizeBytes: 104857632,
              modifiedAt: "2026-11-22T01:00:04.000Z",
              state: "valid",
              problem: null,
            },
          ],
        },
      ],
      nextCursor: null,
    },
  ],
} as const;

export const FLAGS_SCHEMA = {
  $id: "Flags",
  ...complete({
    cluster: STRING,
    at: TIMESTAMP,
    flags: listOf(
      complete({
        flag: STRING,
        differs: BOOLEAN,
        isDrift: { ...BOOLEAN, description: "It differs, and is no name, address or path of a member" },
        mustAgree: { ...BOOLEAN, description: "A difference is found as FLAG_DRIFT" },
        values: listOf(
          complete({
            member: STRING,
            node: STRING,
            value: {
              ...orNull(STRING),
              description: "Secrets are redacted; null: not given, and no default is known",
            },
            isGiven: { ...BOOLEAN, description: "false: etcd's default" },
          }),
        ),
      }),
    ),
    nextCursor: NEXT_CURSOR,
  }),
  examples: [
    {
      cluster: "prod-a",
      at: "2026-11-22T03:16:10.000Z",
      flags: [
        {
          flag: "election-timeout",
          differs: true,
          isDrift: true,
          mustAgree: true,
          values: [
            { member: "m1", node: "m1", value: "1000", isGiven: false },
            { member: "m2", node: "m2", value: "5000", isGiven: true },
          ],
        },
      ],
      nextCursor: null,
    },
  ],
} as const;

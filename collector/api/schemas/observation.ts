/** JSON schemas of what was seen rather than concluded: links, certificates, series. */
import { complete, listOf, NEXT_CURSOR, NUMBER, orNull, STRING, STRINGS, TEXT, TIMESTAMP } from "./shapes.ts";

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

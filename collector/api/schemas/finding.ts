/** JSON schemas of findings. */
import { complete, listOf, NEXT_CURSOR, NUMBER, orNull, STRING, STRINGS, TEXT, TIMESTAMP } from "./shapes.ts";

export const SUBJECT = {
  type: "object",
  additionalProperties: false,
  required: ["kind", "name"],
  properties: {
    kind: { type: "string", enum: ["member", "node", "link", "cluster"] },
    name: { type: "string", description: "For a link, the end that sees it" },
    peer: { type: "string", description: "For a link, the other end" },
  },
} as const;

export const EVIDENCE = {
  type: "object",
  additionalProperties: false,
  required: ["node", "source", "at", "text"],
  properties: {
    node: STRING,
    source: { type: "string", examples: ["statfs"] },
    at: TIMESTAMP,
    text: TEXT,
    value: NUMBER,
    threshold: NUMBER,
    unit: STRING,
  },
} as const;

export const FINDING_SCHEMA = {
  $id: "Finding",
  ...complete({
    id: STRING,
    code: { type: "string", examples: ["DISK_FULL"], description: "Stable: alerts may rely on it" },
    layer: {
      type: "string",
      enum: ["process", "cluster", "storage", "network", "config", "performance", "agent"],
    },
    severity: { type: "string", enum: ["critical", "warning", "info"] },
    subject: SUBJECT,
    status: { type: "string", enum: ["active", "resolved"] },
    since: TIMESTAMP,
    lastSeen: TIMESTAMP,
    until: orNull(TIMESTAMP),
    rootCause: { type: "boolean", description: "Nothing active explains it" },
    causedBy: { ...STRINGS, description: "Ids of findings that explain it" },
    explains: { ...STRINGS, description: "Ids of findings that it explains" },
    confidence: { type: "string", enum: ["certain", "likely", "possible"] },
    title: TEXT,
    detail: TEXT,
    respondWithin: { type: "string", examples: ["30m"], description: "A duration; 0s is now" },
    runbook: orNull(STRING),
    evidence: listOf(EVIDENCE),
    ruledOut: listOf(complete({ code: STRING, because: TEXT })),
  }),
  examples: [
    {
      id: "6f1c0d2a9b3e4f55",
      code: "DISK_FULL",
      layer: "storage",
      severity: "critical",
      subject: { kind: "member", name: "m3" },
      status: "active",
      since: "2026-11-22T03:12:09.000Z",
      lastSeen: "2026-11-22T03:16:09.000Z",
      until: null,
      rootCause: true,
      causedBy: [],
      explains: ["0a9d3b7c51e2f684"],
      confidence: "certain",
      title: { en: "Disk full on m3", zh: "m3 磁盘已满" },
      detail: {
        en: "The filesystem of /var/lib/etcd has 0 B of 20 GiB free",
        zh: "/var/lib/etcd 所在文件系统 20 GiB 中剩余 0 B",
      },
      respondWithin: "0s",
      runbook: "disk-full",
      evidence: [
        {
          node: "m3",
          source: "statfs",
          at: "2026-11-22T03:16:00.000Z",
          text: { en: "0 B available to etcd", zh: "etcd 可用 0 B" },
          value: 0,
          threshold: 16777216,
          unit: "bytes",
        },
      ],
      ruledOut: [{ code: "PACKET_LOSS", because: { en: "m1 and m2 reach m3", zh: "m1 和 m2 可以访问 m3" } }],
    },
  ],
} as const;

export const FINDING_LIST_SCHEMA = {
  $id: "FindingList",
  ...complete({ cluster: STRING, findings: listOf({ $ref: "Finding#" }), nextCursor: NEXT_CURSOR }),
} as const;

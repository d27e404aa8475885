/** JSON schemas of what the event streams carry; an event's type says which of them its data is. */
import { complete, INTEGER, listOf, TIMESTAMP } from "./shapes.ts";

const AT = "2026-11-22T03:16:10.000Z";

const HELLO = {
  $id: "HelloEvent",
  description: "hello",
  ...complete({
    at: TIMESTAMP,
    heartbeatMs: { ...INTEGER, description: "A heartbeat comes at least this often" },
    resumed: {
      type: ["boolean", "null"],
      description:
        "Whether everything since Last-Event-ID follows; false: more happened than is kept, or the collector is another one",
    },
  }),
  examples: [{ at: AT, heartbeatMs: 5000, resumed: null }],
} as const;

const HEARTBEAT = {
  $id: "HeartbeatEvent",
  description: "heartbeat",
  ...complete({ at: TIMESTAMP }),
  examples: [{ at: AT }],
} as const;

const FINDING_EVENT = {
  $id: "FindingEvent",
  description: "finding",
  ...complete({
    change: { type: "string", enum: ["raised", "changed", "resolved"] },
    finding: { $ref: "Finding#" },
  }),
} as const;

const INCIDENT_EVENT = {
  $id: "IncidentEvent",
  description: "incident",
  ...complete({
    change: { type: "string", enum: ["opened", "changed", "resolved"] },
    incident: { $ref: "IncidentSummary#" },
  }),
} as const;

const CLUSTERS_EVENT = {
  $id: "ClustersEvent",
  description: "clusters",
  ...complete({ clusters: listOf({ $ref: "ClusterSummary#" }) }),
} as const;

const STREAM_EVENT = {
  $id: "StreamEvent",
  description: "The data of one event; the description of each shape is the event's type",
  anyOf: [
    "HelloEvent",
    "HeartbeatEvent",
    "ClusterState",
    "FindingEvent",
    "IncidentEvent",
    "ClustersEvent",
    "ClusterSummary",
  ].map((name) => ({ $ref: `${name}#` })),
} as const;

export const STREAM_SCHEMAS = [
  HELLO,
  HEARTBEAT,
  FINDING_EVENT,
  INCIDENT_EVENT,
  CLUSTERS_EVENT,
  STREAM_EVENT,
] as const;

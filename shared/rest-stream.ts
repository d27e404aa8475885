/** What the event streams of the REST API carry: one JSON document an event, named by the event's type. */
import type { IncidentSummary } from "./rest-incident.ts";
import type { ClusterState, ClusterSummary, Finding, Timestamp } from "./rest.ts";

/** The first event of every stream. */
export interface HelloEvent {
  readonly at: Timestamp;
  /** A `heartbeat` comes at least this often; a client that hears nothing for twice as long is cut off. */
  readonly heartbeatMs: number;
  /**
   * Whether everything since the Last-Event-ID follows; false: more has happened than is kept, or the collector is
   * another one; null: none was given.
   */
  readonly resumed: boolean | null;
}

export interface HeartbeatEvent {
  readonly at: Timestamp;
}

export interface FindingEvent {
  readonly change: "raised" | "changed" | "resolved";
  readonly finding: Finding;
}

export interface IncidentEvent {
  readonly change: "opened" | "changed" | "resolved";
  readonly incident: IncidentSummary;
}

/** Of the stream over all clusters: all of them, once, after `hello`. */
export interface ClustersEvent {
  readonly clusters: readonly ClusterSummary[];
}

/** Event type → its document. `state` comes whole; `cluster` is one line of the list that is new or another one. */
export interface StreamEvents {
  readonly hello: HelloEvent;
  readonly heartbeat: HeartbeatEvent;
  readonly state: ClusterState;
  readonly finding: FindingEvent;
  readonly incident: IncidentEvent;
  readonly clusters: ClustersEvent;
  readonly cluster: ClusterSummary;
}

export type StreamEventName = keyof StreamEvents;

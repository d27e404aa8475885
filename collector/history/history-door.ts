/**
 * What the rest of the collector may ask of the history. Implemented by history.ts over worker threads: no call here
 * blocks the event loop, every answer is a promise.
 */
import type { AgentIdentity, ReceivedFrame } from "../../shared/frame.ts";
import type { Note } from "../../shared/note.ts";
import type { Event, Fact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Finding, SeriesData } from "../../shared/rest.ts";
import type { SequenceRange } from "../../shared/sequence-set.ts";
import type { IncidentRecord } from "../../shared/incident-record.ts";
import type { NoteQuery } from "./incident-tables.ts";
import type { WaitingFrame, WaitingLane } from "./waiting-frame.ts";

export interface SeriesQuery {
  readonly cluster: string;
  readonly metric: string;
  /** undefined: every node. */
  readonly node: string | undefined;
  readonly fromMs: number;
  readonly toMs: number;
  /** Number of steps that [fromMs, toMs) is divided into, 1 to 5000. */
  readonly points: number;
}

export interface KnownSeries {
  readonly node: string;
  readonly metric: string;
}

export interface LastFrame {
  readonly cluster: string;
  readonly node: string;
  readonly atMs: number;
}

/** A fact of a node that began, ended or became another. */
export interface FactChange {
  readonly node: string;
  readonly key: string;
  /** The place in time of the frame that told it. */
  readonly atMs: number;
  /** undefined: there was none. */
  readonly before: Fact | undefined;
  /** undefined: it holds no longer. */
  readonly after: Fact | undefined;
}

export interface ChangeQuery {
  readonly cluster: string;
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  /** What the facts' keys begin with, up to a slash: "flags", "status". undefined: all facts. */
  readonly kinds?: readonly string[] | undefined;
}

export interface FactsQuery {
  readonly cluster: string;
  readonly atMs: number;
  /** Only nodes of which there is no frame from then until that moment; undefined: all. */
  readonly silentSinceMs?: number | undefined;
}

/** A fact that held at a moment. */
export interface FactThen {
  readonly sinceMs: number;
  readonly fact: Fact;
}

/** A node that had been heard by a moment. */
export interface NodeThen {
  readonly node: string;
  /** The place in time of its newest frame before; of an hour of which only roll-ups are left, what is certain: its end, else its beginning. */
  readonly lastHeardMs: number;
  /** That frame; undefined where only roll-ups are left. */
  readonly last: ReceivedFrame | undefined;
  readonly facts: readonly FactThen[];
}

export interface NodeEvent {
  readonly node: string;
  readonly event: Event;
}

export interface HistoryDoor {
  /** What a frame waits as until it is appended: much smaller, where the history is open. Those of a lane should be appended in their order. */
  encode(received: ReceivedFrame, lane: WaitingLane): WaitingFrame;
  /** Resolves when the frames are durable (fsync'd). Rejects with STORAGE_FULL, STORAGE_FAILED or STORAGE_CORRUPT. */
  append(frames: readonly WaitingFrame[]): Promise<void>;
  /** The last durable sequence of each instance of an agent that is still in the history; 0n: none. */
  lastSequence(agent: AgentIdentity, instanceId: string): Promise<bigint>;
  /** Every sequence of an instance of an agent that is durable, ascending and apart. */
  heldSequences(agent: AgentIdentity, instanceId: string): Promise<readonly SequenceRange[]>;
  /** Frames of every agent received since then, oldest first by receipt: what the view is rebuilt from at start. */
  framesSince(sinceMs: number): Promise<readonly ReceivedFrame[]>;
  /** Frames of a cluster in [fromMs, toMs) by their place in time (shared/frame-place.ts), oldest first. */
  frames(cluster: string, fromMs: number, toMs: number): Promise<readonly ReceivedFrame[]>;
  /** Inserts or replaces by id. */
  saveFindings(cluster: string, findings: readonly Finding[]): Promise<void>;
  /** Findings that were active at some time in [fromMs, toMs], newest first. */
  findings(cluster: string, fromMs: number, toMs: number): Promise<readonly Finding[]>;
  /** Every finding still active, by cluster, for a start. */
  activeFindings(): Promise<ReadonlyMap<string, readonly Finding[]>>;
  /** Inserts or replaces by id. */
  saveIncidents(incidents: readonly IncidentRecord[]): Promise<void>;
  /** Incidents that were open at some time in [fromMs, toMs], newest first. */
  incidents(cluster: string, fromMs: number, toMs: number): Promise<readonly IncidentRecord[]>;
  incident(cluster: string, id: string): Promise<IncidentRecord | undefined>;
  /** Of every cluster, oldest first: open, or over since then. */
  recentIncidents(sinceMs: number): Promise<readonly IncidentRecord[]>;
  /** One that is there already stays. */
  saveNotes(cluster: string, notes: readonly Note[]): Promise<void>;
  /** Newest first, at most 5000. */
  notes(query: NoteQuery): Promise<readonly Note[]>;
  clusters(): Promise<readonly string[]>;
  /** The place in time of each node's newest frame. */
  lastFrames(): Promise<readonly LastFrame[]>;
  /** Keeps [fromMs, toMs] of a cluster, and a margin around it, in full resolution. Again from the same moment: longer. */
  keepSpan(cluster: string, fromMs: number, toMs: number): Promise<void>;
  /** What began, ended or became another in the span, oldest first. Rejects with LIMIT_EXCEEDED where that is too much for one answer. */
  changes(query: ChangeQuery): Promise<readonly FactChange[]>;
  /** What held at that moment on each node that had been heard before, and when that was last; by name. */
  factsAt(query: FactsQuery): Promise<readonly NodeThen[]>;
  /** What happened in [fromMs, toMs), oldest first. */
  events(cluster: string, fromMs: number, toMs: number): Promise<readonly NodeEvent[]>;
  knownSeries(cluster: string): Promise<readonly KnownSeries[]>;
  series(query: SeriesQuery): Promise<readonly SeriesData[]>;
  close(): Promise<void>;
}

/** What the main thread may ask of the writer's and the reader's threads: names of calls with what goes in and comes out. */
import type { Finding, SeriesData } from "../../shared/rest.ts";
import type { SequenceRange } from "../../shared/sequence-set.ts";
import type { Note } from "../../shared/note.ts";
import type { IncidentRecord } from "../../shared/incident-record.ts";
import type { NoteQuery } from "./incident-tables.ts";
import type { KnownSeries, SeriesQuery } from "./history-door.ts";
import type { NameTable } from "./name-dictionary.ts";

/** One agent's run, which frames of a batch refer to by its place in the list. */
export interface BatchStream {
  readonly cluster: string;
  readonly node: string;
  readonly instanceId: string;
  readonly agentVersion: string;
}

/** Numbers a row of FrameBatch.rows. */
export const ROW_WIDTH = 6;
/** Places in such a row. */
export const ROW = {
  stream: 0,
  sequence: 1,
  capturedMs: 2,
  receivedMs: 3,
  sampleCount: 4,
  blobEnd: 5,
} as const;

/** Frames as columns, so that a batch crosses threads as two buffers instead of thousands of objects. */
export interface FrameBatch {
  readonly streams: readonly BatchStream[];
  /** ROW_WIDTH numbers a frame. */
  readonly rows: Float64Array<ArrayBuffer>;
  /** The blobs one after the other, not compressed. */
  readonly blobs: Uint8Array<ArrayBuffer>;
}

export interface AppendRequest {
  readonly batch: FrameBatch;
  /** Names that the blobs use and that may not be stored yet. */
  readonly names: NameTable;
  /** Pairs of a stream's place and a series' number that may not be stored yet. */
  readonly streamSeries: Float64Array<ArrayBuffer>;
}

export interface RetentionRequest {
  /** Frames received before this go. */
  readonly framesBeforeMs: number;
  /** Findings that ended before this go. */
  readonly findingsBeforeMs: number;
  readonly maxBytes: number;
}

export interface RetentionAnswer {
  readonly removedFrames: number;
  /** Whether another step is due at once. */
  readonly hasMore: boolean;
  readonly fileBytes: number;
}

export type WriterCalls = {
  readonly open: {
    readonly input: { readonly path: string; readonly nowMs: number; readonly isKnownDamaged: boolean };
    readonly output: { readonly names: NameTable; readonly damagedFile: string | undefined };
  };
  readonly append: { readonly input: AppendRequest; readonly output: undefined };
  readonly lastSequence: { readonly input: BatchStream; readonly output: number };
  readonly heldSequences: { readonly input: BatchStream; readonly output: readonly SequenceRange[] };
  readonly saveFindings: {
    readonly input: { readonly cluster: string; readonly findings: readonly Finding[] };
    readonly output: undefined;
  };
  readonly saveIncidents: {
    readonly input: { readonly incidents: readonly IncidentRecord[] };
    readonly output: undefined;
  };
  readonly saveNotes: {
    readonly input: { readonly cluster: string; readonly notes: readonly Note[] };
    readonly output: undefined;
  };
  readonly retain: { readonly input: RetentionRequest; readonly output: RetentionAnswer };
  readonly close: { readonly input: undefined; readonly output: undefined };
};

export type FrameSelection =
  | { readonly kind: "received"; readonly sinceMs: number }
  | { readonly kind: "captured"; readonly cluster: string; readonly fromMs: number; readonly toMs: number };

export type ReaderCalls = {
  readonly open: { readonly input: { readonly path: string }; readonly output: undefined };
  /** Row ids of the frames, in the order in which they are to be read. */
  readonly selectFrames: { readonly input: FrameSelection; readonly output: Float64Array<ArrayBuffer> };
  /** The frames of these rows that are still there. */
  readonly readFrames: { readonly input: Float64Array<ArrayBuffer>; readonly output: FrameBatch };
  readonly findings: {
    readonly input: { readonly cluster: string; readonly fromMs: number; readonly toMs: number };
    readonly output: readonly Finding[];
  };
  readonly activeFindings: {
    readonly input: undefined;
    readonly output: readonly (readonly [string, readonly Finding[]])[];
  };
  readonly incidents: {
    readonly input: { readonly cluster: string; readonly fromMs: number; readonly toMs: number };
    readonly output: readonly IncidentRecord[];
  };
  readonly incident: {
    readonly input: { readonly cluster: string; readonly id: string };
    readonly output: IncidentRecord | undefined;
  };
  readonly recentIncidents: {
    readonly input: { readonly sinceMs: number };
    readonly output: readonly IncidentRecord[];
  };
  readonly notes: { readonly input: NoteQuery; readonly output: readonly Note[] };
  readonly clusters: { readonly input: undefined; readonly output: readonly string[] };
  readonly knownSeries: {
    readonly input: { readonly cluster: string };
    readonly output: readonly KnownSeries[];
  };
  readonly series: { readonly input: SeriesQuery; readonly output: readonly SeriesData[] };
  readonly close: { readonly input: undefined; readonly output: undefined };
};

/** The shape that both lists of calls have. */
export type CallList = Readonly<Record<string, { readonly input: unknown; readonly output: unknown }>>;

export interface CallMessage {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}

export type AnswerMessage =
  | { readonly id: number; readonly kind: "done"; readonly output: unknown }
  | {
      readonly id: number;
      readonly kind: "failed";
      readonly code: string;
      readonly message: string;
      readonly reason: string | undefined;
    };

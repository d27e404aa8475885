/** What the main thread may ask of the writer's and the reader's threads: names of calls with what goes in and comes out. */
import type { ErrorCode } from "../../shared/errors.ts";
import type { Finding } from "../../shared/rest.ts";
import type { SequenceRange } from "../../shared/sequence-set.ts";
import type { Note } from "../../shared/note.ts";
import type { IncidentRecord } from "../../shared/incident-record.ts";
import type { NoteQuery } from "./incident-tables.ts";
import type { FrameNews } from "./fact-changes.ts";
import type { FrameBlock } from "./frame-block.ts";
import type { ChangeQuery, FactsQuery, KnownSeries, LastFrame, SeriesQuery } from "./history-door.ts";
import type { NameTable } from "./name-dictionary.ts";
import type { PackedTrends } from "./packed-trends.ts";

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

/** Facts and events of a frame that are to be recorded beside it. */
export interface FrameDocuments {
  /** Its row in the batch. */
  readonly row: number;
  readonly news: FrameNews;
  readonly events: readonly EventRow[];
}

export interface EventRow {
  readonly atMs: number;
  readonly kind: string;
  readonly subject: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface AppendRequest {
  readonly documents: readonly FrameDocuments[];
  readonly batch: FrameBatch;
  /** Names that the blobs use and that may not be stored yet. */
  readonly names: NameTable;
  /** Pairs of a stream's place and a series' number that may not be stored yet. */
  readonly streamSeries: Float64Array<ArrayBuffer>;
}

export interface RetentionRequest {
  /** Roll-ups, findings, facts and events that ended before this go. */
  readonly beforeMs: number;
  readonly maxBytes: number;
  /** The compactor has nothing left to thin: what is too much is lost. */
  readonly mayLose: boolean;
}

export interface RetentionAnswer {
  readonly removedRows: number;
  /** Of agents; their numbers may come again. */
  readonly removedRuns: number;
  /** Whether another step is due at once. */
  readonly hasMore: boolean;
  /** The file holds more than maxBytes. */
  readonly isShort: boolean;
  readonly fileBytes: number;
}

export interface PlanRequest {
  readonly nowMs: number;
  /** Full resolution that ended before this goes, but for what is kept. */
  readonly framesBeforeMs: number;
  /** Kept on both sides of a kept span. */
  readonly aroundMs: number;
  /** Full resolution goes whatever its age. */
  readonly isShort: boolean;
  /** What landed may be packed. */
  readonly mayPack: boolean;
}

/** Frames that landed and are to become a block. */
export interface CompactWork {
  readonly kind: "compact";
  readonly agent: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly receivedToMs: number;
  readonly frames: number;
  readonly samples: number;
  /** Their rows. */
  readonly frameIds: Float64Array<ArrayBuffer>;
  /** And the packs of landed_pack that hold others of them. */
  readonly packIds: readonly number[];
  readonly block: FrameBlock;
  /** Roll-ups of a quarter of an hour. */
  readonly quarters: Uint8Array<ArrayBuffer>;
  /** What could not be read and is left out, where there was something. */
  readonly unreadable: string | undefined;
}

/** Rows, and packs, of frames that landed and are to become one pack. */
export interface PackWork {
  readonly kind: "pack";
  readonly agent: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly receivedFromMs: number;
  readonly receivedToMs: number;
  readonly firstId: number;
  readonly lastId: number;
  readonly frames: number;
  readonly samples: number;
  readonly idSum: number;
  readonly placeSum: number;
  readonly blob: Uint8Array<ArrayBuffer>;
  /** What it replaces. */
  readonly frameIds: Float64Array<ArrayBuffer>;
  readonly packIds: readonly number[];
}

/** A block whose frames are to be replaced by roll-ups of a minute. */
export interface ThinWork {
  readonly kind: "thin";
  readonly block: number;
  readonly agent: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly minutes: Uint8Array<ArrayBuffer>;
  readonly unreadable: string | undefined;
}

/** Rows of roll-ups of a quarter of an hour that are to become one. */
export interface MergeWork {
  readonly kind: "merge";
  readonly agent: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly rollupIds: readonly number[];
  readonly quarters: Uint8Array<ArrayBuffer>;
}

export type Work = CompactWork | PackWork | ThinWork | MergeWork;

/** What could not be read, and was passed over. */
export interface PlanTrouble {
  readonly kind: Work["kind"];
  readonly code: ErrorCode;
  readonly reason: string | undefined;
  readonly message: string;
}

export interface Plan {
  /** undefined: there is none. */
  readonly work: Work | undefined;
  readonly troubles: readonly PlanTrouble[];
}

export type CompactorCalls = {
  readonly open: { readonly input: { readonly path: string }; readonly output: undefined };
  /** The next piece of work, prepared. */
  readonly plan: { readonly input: PlanRequest; readonly output: Plan };
  readonly close: { readonly input: undefined; readonly output: undefined };
};

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
  readonly keepSpan: {
    readonly input: { readonly cluster: string; readonly fromMs: number; readonly toMs: number };
    readonly output: undefined;
  };
  readonly store: { readonly input: Work; readonly output: undefined };
  readonly retain: { readonly input: RetentionRequest; readonly output: RetentionAnswer };
  readonly close: { readonly input: undefined; readonly output: undefined };
};

export interface Span {
  readonly cluster: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Frames in the order in which they are to be read. */
export interface FramePage {
  readonly batch: FrameBatch;
  /** Where the next page begins; undefined: this was the last. */
  readonly nextMs: number | undefined;
}

/** By numbers of rows. Packs and blocks may hold older frames too. */
export interface Received {
  readonly rows: Float64Array<ArrayBuffer>;
  readonly packs: Float64Array<ArrayBuffer>;
  readonly blocks: Float64Array<ArrayBuffer>;
}

export interface ChangeRow {
  readonly node: string;
  readonly key: string;
  readonly atMs: number;
  /** Bytes of the wire's Fact. */
  readonly before: Uint8Array | null;
  readonly after: Uint8Array | null;
}

export interface FactRow {
  readonly node: string;
  readonly sinceMs: number;
  readonly body: Uint8Array;
}

/** A node of whose last time only roll-ups are left. */
export interface RolledUpNode {
  readonly node: string;
  readonly atMs: number;
}

/** The newest frame of each node before a moment. */
export interface LastBefore {
  readonly batch: FrameBatch;
  readonly rolledUp: readonly RolledUpNode[];
}

export interface NodeEventRow extends EventRow {
  readonly node: string;
}

export type ReaderCalls = {
  readonly open: { readonly input: { readonly path: string }; readonly output: undefined };
  /** Frames received since then: rows that landed, packs of such rows, and blocks. */
  readonly selectReceived: {
    readonly input: { readonly sinceMs: number };
    readonly output: Received;
  };
  /** The frames of these rows that are still there. */
  readonly readRows: { readonly input: Float64Array<ArrayBuffer>; readonly output: FrameBatch };
  readonly readPack: { readonly input: { readonly pack: number }; readonly output: FrameBatch };
  readonly readBlock: { readonly input: { readonly block: number }; readonly output: FrameBatch };
  /** Frames by capture, oldest first, beginning at fromMs. */
  readonly readSpan: { readonly input: Span; readonly output: FramePage };
  readonly changes: { readonly input: ChangeQuery; readonly output: readonly ChangeRow[] };
  readonly factsAt: {
    readonly input: { readonly cluster: string; readonly atMs: number };
    readonly output: readonly FactRow[];
  };
  readonly lastBefore: { readonly input: FactsQuery; readonly output: LastBefore };
  readonly events: { readonly input: Span; readonly output: readonly NodeEventRow[] };
  readonly findings: { readonly input: Span; readonly output: readonly Finding[] };
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
  readonly lastFrames: { readonly input: undefined; readonly output: readonly LastFrame[] };
  readonly knownSeries: {
    readonly input: { readonly cluster: string };
    readonly output: readonly KnownSeries[];
  };
  readonly series: { readonly input: SeriesQuery; readonly output: PackedTrends };
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

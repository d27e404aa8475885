/**
 * Frames on disk: files of this run and of earlier ones, bounded by bytes, age and number, and quiet where the file
 * system is low on space. Knows nothing of collectors; spool-queue.ts says what goes in and when it may go.
 */
import { create } from "@bufbuild/protobuf";
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { Frame } from "../../shared/frame.ts";
import { HelloSchema, type Hello } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { Logger } from "../../shared/log-line.ts";
import { adoptFile } from "./adopt-file.ts";
import { estimateFrameBytes } from "./estimate-frame-bytes.ts";
import { createFrameBytes, type FrameBytes } from "./frame-bytes.ts";
import { openRun } from "./open-run.ts";
import { packRecords, type PackedRecords } from "./pack-records.ts";
import { encodeHeader, scanSegment, type ScannedSegment, type SpoolRecord } from "./record.ts";
import {
  compareSegments,
  freeSpaceFloor,
  planDrops,
  segmentBytes,
  segmentSpanMs,
  sumBytes,
  type Segment,
  type SegmentDrop,
} from "./segments.ts";
import type { SpoolFile, SpoolFiles } from "./spool-files.ts";

/** Who the agent says it is, in every run. */
export type AgentHello = Pick<Hello, "cluster" | "node" | "agentVersion" | "bootId">;

const FILE_NAME = /^\d{13}-[0-9a-z-]+\.\d+\.spool$/;
const MAX_SEGMENTS = 1000;

export interface DiskSpoolOptions {
  readonly files: SpoolFiles;
  readonly agent: AgentHello;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Random text of a-z and 0-9 that tells runs of the same millisecond apart. */
  readonly random: string;
  /** Frames of a file are gone: dropped for room or age, or found to be damaged. */
  readonly onLost: (drop: SegmentDrop) => void;
}

export interface WriteResult {
  /** Every frame given up to this one is in a file; undefined: none. */
  readonly writtenUpTo: bigint | undefined;
  readonly failure: EtcdscopeError | undefined;
}

export interface DiskSpool {
  /** Names this run. Resolves also where the folder cannot be used. */
  open(): Promise<Hello>;
  /** Finds what earlier runs left, and cuts what a crash tore. After open. */
  findKept(): Promise<void>;
  /** One call at a time. */
  write(frames: readonly Frame[]): Promise<WriteResult>;
  /** Oldest first. */
  segments(): readonly Segment[];
  /** The frames of a file that can be read; those that cannot are lost. Never rejects. */
  read(segment: Segment): Promise<readonly SpoolRecord[]>;
  /** The next write begins a new file; the current one may be read. */
  closeSegment(): void;
  isOpen(segment: Segment): boolean;
  remove(segment: Segment): void;
  dropOld(): void;
  /** Name of this run; empty before open. */
  runId(): string;
  bytes(): number;
}

interface OpenSegment {
  readonly name: string;
  readonly encoder: FrameBytes;
  readonly begunAtMs: number;
}

export function createDiskSpool(options: DiskSpoolOptions): DiskSpool {
  const { files, clock, log } = options;
  const limits = { maxBytes: options.maxBytes, maxAgeMs: options.maxAgeMs, maxSegments: MAX_SEGMENTS };
  let hello = create(HelloSchema, options.agent);
  let found: readonly SpoolFile[] = [];
  let segments: Segment[] = [];
  let current: OpenSegment | undefined;

  function monotonicMs(): number {
    return clock.monotonicUs() / 1000;
  }

  async function open(): Promise<Hello> {
    const opened = await openRun({ ...options, fileName: FILE_NAME });
    found = opened.found;
    hello = create(HelloSchema, { ...options.agent, instanceId: opened.instanceId });
    return hello;
  }

  async function findKept(): Promise<void> {
    for (const file of [...found].sort((one, other) => (one.name < other.name ? -1 : 1))) {
      const segment = await adoptFile(file, options);
      // from here on it counts as a segment, or not at all
      found = found.filter((one) => one !== file);
      if (segment !== undefined) {
        segments = [...segments, segment].sort(compareSegments);
      }
    }
    dropOld();
  }

  async function write(frames: readonly Frame[]): Promise<WriteResult> {
    let writtenUpTo: bigint | undefined;
    try {
      await assertSpace(frames);
      for (let at = 0; at < frames.length;) {
        const taken = await writeSome(frames.slice(at));
        at += taken;
        writtenUpTo = frames[at - 1]?.sequence;
      }
      return { writtenUpTo, failure: undefined };
    } catch (error) {
      // what its encoder has defined may not be in the file
      closeSegment();
      return { writtenUpTo, failure: EtcdscopeError.from(error, "STORAGE_FAILED") };
    }
  }

  async function assertSpace(frames: readonly Frame[]): Promise<void> {
    const { availableBytes, sizeBytes } = await files.readSpace();
    const neededBytes = frames.reduce((sum, frame) => sum + estimateFrameBytes(frame), 0);
    const floorBytes = freeSpaceFloor(sizeBytes);
    if (availableBytes - neededBytes < floorBytes) {
      throw new EtcdscopeError(
        "STORAGE_FULL",
        `Expected more than ${floorBytes} free bytes beside the spool, got ${availableBytes}`,
        { reason: "no_space" },
      );
    }
  }

  /** Writes what goes into one file, at least one frame; how many that were. */
  async function writeSome(frames: readonly Frame[]): Promise<number> {
    const sequence = frames[0]?.sequence ?? 0n;
    const before = findCurrent();
    const maxBytes = segmentBytes(limits.maxBytes);
    const nowMs = monotonicMs();
    if (
      current === undefined ||
      before === undefined ||
      before.bytes >= maxBytes ||
      before.last + 1n !== sequence ||
      nowMs - current.begunAtMs >= segmentSpanMs(limits.maxAgeMs)
    ) {
      const name = `${hello.instanceId}.${String(sequence).padStart(12, "0")}.spool`;
      current = { name, encoder: createFrameBytes(log), begunAtMs: nowMs };
    }
    const { name, encoder } = current;
    const held = findCurrent();
    const packed = packRecords(frames, encoder, maxBytes - (held?.bytes ?? 0));
    await append(name, held, packed);
    return packed.taken;
  }

  async function append(name: string, held: Segment | undefined, packed: PackedRecords): Promise<void> {
    const { first, last } = packed;
    if (first === undefined || last === undefined) {
      return;
    }
    const chunk = Buffer.concat(
      held === undefined ? [encodeHeader(hello), ...packed.records] : packed.records,
    );
    drop({ bytes: chunk.length, nowMs: monotonicMs() });
    try {
      await files.append(name, chunk);
    } catch (error) {
      const undone = held === undefined ? files.remove(name) : files.truncate(name, held.bytes);
      await undone.catch(() => undefined); // a torn end is cut when it is read
      throw error;
    }
    const grown: Segment = {
      name,
      hello,
      first: held?.first ?? first.sequence,
      last: last.sequence,
      fromMs: held?.fromMs ?? first.capturedAtMs,
      toMs: last.capturedAtMs,
      bytes: (held?.bytes ?? 0) + chunk.length,
      writtenAtMs: monotonicMs(),
    };
    segments = [...segments.filter((one) => one.name !== name), grown].sort(compareSegments);
  }

  function findCurrent(): Segment | undefined {
    return current && segments.find(({ name }) => name === current?.name);
  }

  function closeSegment(): void {
    current = undefined;
  }

  function dropOld(): void {
    drop({ bytes: 0, nowMs: monotonicMs() });
  }

  function drop(coming: { readonly bytes: number; readonly nowMs: number }): void {
    const closed = segments.filter((segment) => !isOpen(segment));
    const openBytes = sumBytes(segments) - sumBytes(closed);
    const notFoundYet = found.reduce((sum, file) => sum + file.bytes, 0);
    const bytes = coming.bytes + openBytes + notFoundYet;
    for (const one of planDrops(closed, limits, { bytes, nowMs: coming.nowMs })) {
      remove(one.segment);
      options.onLost(one);
    }
  }

  function isOpen({ name }: Segment): boolean {
    return name === current?.name;
  }

  function remove(segment: Segment): void {
    segments = segments.filter(({ name }) => name !== segment.name);
    if (isOpen(segment)) {
      closeSegment();
    }
    files
      .remove(segment.name)
      .catch((error: unknown) =>
        log.warn({ error, file: segment.name }, "File of the spool cannot be removed."),
      );
  }

  async function read(segment: Segment): Promise<readonly SpoolRecord[]> {
    const { records, validBytes } = await readWhatIsThere(segment);
    const last = records.at(-1);
    // more than is known of: it is being written to
    if (last !== undefined && last.sequence >= segment.last) {
      return records;
    }
    log.error({ file: segment.name, validBytes }, "File of the spool is damaged: frames in it are lost.");
    if (last === undefined) {
      remove(segment);
      options.onLost({ segment, reason: "damaged" });
      return [];
    }
    const whole = { ...segment, last: last.sequence, toMs: last.capturedAtMs, bytes: validBytes };
    segments = segments.map((one) => (one.name === segment.name ? whole : one));
    const rest = { ...segment, first: last.sequence + 1n, fromMs: last.capturedAtMs };
    options.onLost({ segment: rest, reason: "damaged" });
    return records;
  }

  async function readWhatIsThere(segment: Segment): Promise<ScannedSegment> {
    try {
      return scanSegment(await files.read(segment.name));
    } catch (error) {
      log.error({ error, file: segment.name }, "File of the spool cannot be read.");
      return { hello: undefined, records: [], validBytes: 0 };
    }
  }

  return {
    open,
    findKept,
    write,
    segments: () => segments,
    read,
    closeSegment,
    isOpen,
    remove,
    dropOld,
    runId: () => hello.instanceId,
    bytes: () => sumBytes(segments),
  };
}

/**
 * What was kept of one run, as one collector drains it: file by file from its beginning, because frames define what
 * later ones use; at a steady rate, and only while the live frames flow.
 */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Clock, Timer } from "../../shared/clock.ts";
import type { ClockOffset } from "../../shared/frame.ts";
import { FrameSchema, type Hello } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { Logger } from "../../shared/log-line.ts";
import { createSequenceSet } from "../../shared/sequence-set.ts";
import { countUnsent, hearHeld, type Cursor } from "./cursor.ts";
import type { DiskSpool } from "./disk-spool.ts";
import { offsetOfFrame } from "./frame-offset.ts";
import type { KeptFrames, Outgoing } from "./frame-queue.ts";
import type { SpoolRecord } from "./record.ts";
import type { Segment } from "./segments.ts";

/** Half of what a collector takes of one stream; an hour is caught up in 36 s. */
const FRAMES_PER_SECOND = 100;
/** A burst, and then a pause: fewer wake-ups. */
const BURST_FRAMES = 25;
const PAUSE_MS = (BURST_FRAMES * 1000) / FRAMES_PER_SECOND;

export interface KeptFramesOptions {
  readonly hello: Hello;
  readonly disk: DiskSpool;
  readonly cursor: Cursor;
  readonly clock: Clock;
  readonly log: Logger;
  /** More can be taken, or all is done. */
  readonly onReady: () => void;
  /** The collector was found to have more than was known. */
  readonly onAcknowledged: () => void;
}

export function createKeptFrames(options: KeptFramesOptions): KeptFrames {
  const { hello, disk, cursor, clock } = options;
  const { instanceId } = hello;
  const acknowledged = cursor.acknowledged(instanceId);
  const sent = createSequenceSet();
  /** Files that this stream was given. */
  const passed = new Set<string>();
  let records: readonly SpoolRecord[] = [];
  let place = 0;
  let left = BURST_FRAMES;
  let isLoading = false;
  let isStreaming = false;
  let pause: Timer | undefined;

  function own(): readonly Segment[] {
    return disk.segments().filter((segment) => segment.hello.instanceId === instanceId);
  }

  function nextSegment(): Segment | undefined {
    return own().find(
      (segment) => !passed.has(segment.name) && countUnsent(cursor, segment, disk.runId()) > 0,
    );
  }

  /** What the collector has goes again only where what it lacks needs its definitions. */
  function skipKnown(): void {
    for (let record = records[place]; record !== undefined; record = records[place]) {
      if (record.defines || !acknowledged.has(record.sequence)) {
        return;
      }
      place += 1;
    }
  }

  function next(): Outgoing | undefined {
    skipKnown();
    const record = records[place];
    if (record === undefined) {
      load();
      return undefined;
    }
    if (left === 0) {
      pause ??= clock.after(PAUSE_MS, () => {
        pause = undefined;
        left = BURST_FRAMES;
        options.onReady();
      });
      return undefined;
    }
    left -= 1;
    place += 1;
    if (!acknowledged.has(record.sequence)) {
      sent.add(record.sequence);
    }
    return { kind: "bytes", sequence: record.sequence, bytes: withClockOffset(record) };
  }

  /** Of two values of one field the later one holds: what was not known then is written behind the frame. */
  function withClockOffset(record: SpoolRecord): Uint8Array {
    const offset = record.hasClockOffset ? undefined : findOffset(record);
    if (offset === undefined) {
      return record.frame;
    }
    const more = create(FrameSchema, {
      clockOffsetUs: BigInt(Math.round(offset.offsetUs)),
      clockRoundTripUs: Math.max(0, Math.round(offset.roundTripUs)),
    });
    return Buffer.concat([record.frame, toBinary(FrameSchema, more)]);
  }

  /** What another run's monotonic clock counted from is not known. */
  function findOffset({ capturedAtMs, frame }: SpoolRecord): ClockOffset | undefined {
    const measured = cursor.measuredClock;
    if (measured === undefined || instanceId !== disk.runId()) {
      return measured?.offset;
    }
    const monotonicUs = Number(fromBinary(FrameSchema, frame).monotonicUs);
    return offsetOfFrame({ capturedAtMs, monotonicUs }, measured);
  }

  function load(): void {
    const segment = isLoading || !isStreaming ? undefined : nextSegment();
    if (segment === undefined) {
      return;
    }
    if (disk.isOpen(segment)) {
      disk.closeSegment();
    }
    isLoading = true;
    passed.add(segment.name);
    disk
      .read(segment)
      .then((read) => {
        records = isStreaming ? read : [];
        place = 0;
      })
      .catch((error: unknown) => options.log.error({ error }, "Kept frames could not be sent."))
      .finally(() => {
        isLoading = false;
        options.onReady();
      });
  }

  function release(): void {
    pause?.cancel();
    pause = undefined;
    isStreaming = false;
    records = [];
    place = 0;
    left = BURST_FRAMES;
    passed.clear();
    sent.removeUpTo(sent.ranges().at(-1)?.last ?? 0n);
  }

  return {
    hello,
    firstSequence: () => own()[0]?.first ?? 0n,
    lastSequence: () => own().at(-1)?.last ?? 0n,
    welcome: (held) => {
      isStreaming = true;
      hearHeld(cursor, { instanceId, held }, clock.monotonicUs());
      options.onAcknowledged();
    },
    next,
    acknowledge: (sequence) => {
      for (const { first, last } of sent.ranges()) {
        if (first <= sequence) {
          acknowledged.add(first, last < sequence ? last : sequence);
        }
      }
      sent.removeUpTo(sequence);
      options.onAcknowledged();
    },
    release,
    isDone: () => {
      skipKnown();
      const isAllGiven = !isLoading && place >= records.length && nextSegment() === undefined;
      return isStreaming && isAllGiven && sent.ranges().length === 0;
    },
  };
}

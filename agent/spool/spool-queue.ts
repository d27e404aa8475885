/**
 * Where frames wait for their acknowledgements: in memory, and when a collector is away or slow, on disk. One set of
 * frames for all collectors; a frame goes when all of them have it, or when the bounds say so.
 */
import { create } from "@bufbuild/protobuf";
import type { Clock } from "../../shared/clock.ts";
import type { Frame, LossReason } from "../../shared/frame.ts";
import { HelloSchema, type Hello } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { Logger } from "../../shared/log-line.ts";
import { countLacking, createCursor, noteDrop, noteLoss, type Cursor } from "./cursor.ts";
import { createDiskSpool, type AgentHello } from "./disk-spool.ts";
import { offsetOfFrame } from "./frame-offset.ts";
import type { FrameQueue, FrameReader } from "./frame-queue.ts";
import { createFrameReader } from "./frame-reader.ts";
import { createMemoryFrames } from "./memory-frames.ts";
import { isOverHardLimit, planSpill, SPILL } from "./plan-spill.ts";
import { countFrames, type SegmentDrop } from "./segments.ts";
import type { SpoolFiles } from "./spool-files.ts";

export interface SpoolQueueOptions {
  readonly files: SpoolFiles;
  readonly agent: AgentHello;
  readonly collectors: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** As DiskSpoolOptions.random. */
  readonly random: string;
}

export function createSpoolQueue(options: SpoolQueueOptions): FrameQueue {
  const { clock, log } = options;
  const cursors: readonly Cursor[] = Array.from({ length: options.collectors }, createCursor);
  const memory = createMemoryFrames();
  const disk = createDiskSpool({ ...options, onLost });
  let hello: Hello = create(HelloSchema, options.agent);
  let isOpen = false;
  let spilling: Promise<void> | undefined;
  /** Up to here the frames in memory are being written. */
  let spillingUpTo = 0n;
  /** Frames that had to leave memory while they were being written. */
  let leftEarly: Frame[] = [];
  let nextSpillAtMs = 0;
  let failure: LossReason | undefined;

  function monotonicMs(): number {
    return clock.monotonicUs() / 1000;
  }

  async function open(): Promise<Hello> {
    hello = await disk.open();
    isOpen = true;
    disk
      .findKept()
      .catch((error: unknown) => log.warn({ error }, "What earlier runs kept could not be read."));
    return hello;
  }

  function push(frame: Frame): void {
    memory.push(frame);
    while (isOverHardLimit(memory.size(), memory.bytes())) {
      dropFirst();
    }
    spillWhenDue();
  }

  function dropFirst(): void {
    const frame = memory.first();
    if (frame === undefined) {
      return;
    }
    memory.removeFirst();
    if (frame.sequence <= spillingUpTo) {
      leftEarly.push(frame);
    } else {
      loseFrames([frame]);
    }
  }

  function loseFrames(frames: readonly Frame[]): void {
    for (const cursor of cursors) {
      const has = cursor.acknowledged(hello.instanceId);
      const lost = frames.filter(({ sequence }) => !has.has(sequence));
      const loss = {
        frames: lost.length,
        fromMs: lost[0]?.capturedAtMs ?? 0,
        toMs: lost.at(-1)?.capturedAtMs ?? 0,
        reason: failure ?? "spool_full",
      };
      noteLoss(cursor, loss, clock.monotonicUs());
    }
  }

  function onLost(drop: SegmentDrop): void {
    const { segment, reason } = drop;
    const { instanceId } = segment.hello;
    log.error(
      { file: segment.name, frames: countFrames(segment), reason },
      "Frames that a collector may lack were dropped from the spool.",
    );
    for (const cursor of cursors) {
      // of this run everything that a collector has was acknowledged here
      if (instanceId === hello.instanceId || cursor.isKnown(instanceId)) {
        noteDrop(cursor, drop, clock.monotonicUs());
      } else {
        cursor.unsettled = [...cursor.unsettled, drop];
      }
    }
  }

  function spillWhenDue(): void {
    const nowMs = monotonicMs();
    if (!isOpen || spilling !== undefined || nowMs < nextSpillAtMs) {
      return;
    }
    const frames = memory.size();
    const oldest = memory.first()?.sequence ?? 0n;
    const ageMs = (place: number): number =>
      nowMs - (memory.after(oldest + BigInt(place) - 1n)?.monotonicUs ?? 0) / 1000;
    const count = planSpill({ frames, bytes: memory.bytes(), ageMs });
    if (count > 0) {
      void spill(memory.slice(count));
    } else if (disk.segments().length > 0) {
      nextSpillAtMs = nowMs + SPILL.retryMs;
      disk.dropOld();
    }
  }

  function spill(frames: readonly Frame[]): Promise<void> {
    const measured = cursors.find(({ measuredClock }) => measuredClock !== undefined)?.measuredClock;
    spillingUpTo = frames.at(-1)?.sequence ?? 0n;
    spilling = disk
      .write(frames.map((frame) => ({ ...frame, clockOffset: offsetOfFrame(frame, measured) })))
      .then(({ writtenUpTo = 0n, failure: failed }) => {
        while ((memory.first()?.sequence ?? writtenUpTo + 1n) <= writtenUpTo) {
          memory.removeFirst();
        }
        noteFailure(failed?.reason);
        loseFrames(leftEarly.filter(({ sequence }) => sequence > writtenUpTo));
        freeSegments();
      })
      .finally(() => {
        leftEarly = [];
        spillingUpTo = 0n;
        spilling = undefined;
      });
    return spilling;
  }

  function noteFailure(reason: string | undefined): void {
    const before = failure;
    failure = reason === undefined ? undefined : reason === "no_space" ? "no_space" : "not_writable";
    nextSpillAtMs = failure === undefined ? 0 : monotonicMs() + SPILL.retryMs;
    if (failure !== before && failure !== undefined) {
      log.warn(
        { reason: failure },
        "Spool takes no frames: they wait in memory, and then the oldest are dropped.",
      );
    } else if (failure !== before) {
      log.info({}, "Spool takes frames again.");
    }
  }

  function freeSegments(): void {
    for (const segment of disk.segments()) {
      if (cursors.every((cursor) => countLacking(cursor, segment) <= 0)) {
        disk.remove(segment);
      }
    }
    const kept = new Set(disk.segments().map((segment) => segment.hello.instanceId));
    for (const cursor of cursors) {
      cursor.keepRuns(kept.add(hello.instanceId));
    }
  }

  function freeMemory(): void {
    for (let frame = memory.first(); frame !== undefined; frame = memory.first()) {
      const { sequence } = frame;
      if (!cursors.every((cursor) => cursor.acknowledged(hello.instanceId).has(sequence))) {
        return;
      }
      memory.removeFirst();
    }
  }

  function free(): void {
    freeMemory();
    if (disk.segments().length > 0) {
      freeSegments();
    }
  }

  function reader(index: number): FrameReader {
    const cursor = cursors[index];
    if (cursor === undefined) {
      throw new RangeError(`Reader should be below ${cursors.length}, got ${index}`);
    }
    return createFrameReader({ cursor, memory, disk, clock, log, onAcknowledged: free });
  }

  async function close(): Promise<void> {
    await spilling;
    freeMemory();
    const frames = memory.slice(memory.size());
    if (isOpen && frames.length > 0) {
      await spill(frames);
    }
  }

  return {
    open,
    push,
    reader,
    size: () => memory.size(),
    spoolBytes: () => disk.bytes(),
    close,
  };
}

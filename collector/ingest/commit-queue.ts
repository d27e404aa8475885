/**
 * Group commit: what arrives while one commit runs goes into the next, and only what is durable is acknowledged. What is new goes before
 * what agents had kept, which waits at the agents as soon as little of it waits here. When the history cannot be written the batch at
 * hand is tried again until it can; what is new and does not fit into memory meanwhile is let go, and its streams, once the history is
 * back, are made to send it again.
 */
import { backoffDelayMs } from "../../shared/backoff.ts";
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { WaitingLane } from "../history/waiting-frame.ts";
import type { IngestCounters } from "./counters.ts";

export const COMMIT_LIMITS = {
  /** Frames wait this long for company: nobody waits for an acknowledgement, and a commit costs an fsync. */
  gatherMs: 10,
  /** Of a large fleet, whose agents hold frames for much longer. */
  gatherManyMs: 100,
  /** What a commit keeps the others waiting for. */
  batchFrames: 1000,
  /** Bytes as received that wait to be durable, at most; while the history is not open, a real agent's frames take seven times as much. */
  pendingBytes: 64 * 1024 * 1024,
  /** At this share of them, streams of what was kept are paused: the rest is for what is new. */
  keptShare: 0.25,
  /** A commit that runs longer is taken for a disk that hangs: streams are not paused for it. */
  stuckMs: 2000,
  retry: { firstMs: 250, maxMs: 5000 },
} as const;

/** What a stream carries: what is new, or what its agent had kept. Each waits in a lane of its own. */
export type StreamKind = WaitingLane;

export interface PendingFrame<Stream, Waiting> {
  readonly stream: Stream;
  /** Of the stream, always the same. */
  readonly kind: StreamKind;
  /** What the history is given. */
  readonly waiting: Waiting;
  readonly sequence: bigint;
  /** As received. */
  readonly bytes: number;
}

export interface CommitQueueOptions<Stream, Waiting> {
  readonly append: (frames: readonly Waiting[]) => Promise<void>;
  readonly clock: Clock;
  readonly counters: IngestCounters;
  readonly pendingBytes?: number;
  /** COMMIT_LIMITS.gatherMs when absent. */
  readonly gatherMs?: () => number;
  /** Every frame of this stream up to this sequence is durable. */
  readonly onDurable: (stream: Stream, sequence: bigint) => void;
  /** Streams of a kind should be paused (true), or may go on. */
  readonly onPressure: (kind: StreamKind, isHigh: boolean) => void;
  /** Frames of these streams were let go: they must resume from what is durable. */
  readonly onLetGo: (streams: readonly Stream[]) => void;
}

export interface CommitQueue<Stream, Waiting> {
  add(pending: PendingFrame<Stream, Waiting>): void;
  /** Resolves when what is pending is durable, or cannot be made so now; nothing is tried again after it. */
  drain(): Promise<void>;
}

export function createCommitQueue<Stream, Waiting>(
  options: CommitQueueOptions<Stream, Waiting>,
): CommitQueue<Stream, Waiting> {
  const { clock, counters } = options;
  const maxBytes = options.pendingBytes ?? COMMIT_LIMITS.pendingBytes;
  const gatherMs = options.gatherMs ?? (() => COMMIT_LIMITS.gatherMs);
  const letGo = new Set<Stream>();
  const waiting: Record<StreamKind, PendingFrame<Stream, Waiting>[]> = { live: [], kept: [] };
  const pressing: Record<StreamKind, boolean> = { live: false, kept: false };
  let waitingBytes = 0;
  let isScheduled = false;
  let startedUs: number | undefined;
  let failures = 0;
  let running: Promise<void> | undefined;
  let isDraining = false;

  function add(pending: PendingFrame<Stream, Waiting>): void {
    if (letGo.has(pending.stream)) {
      // a later frame of it must not become durable before those that were let go
      counters.liveOnlyFramesTotal += 1;
      return;
    }
    waiting[pending.kind].push(pending);
    waitingBytes += pending.bytes;
    publish();
    if (waitingBytes > maxBytes * COMMIT_LIMITS.keptShare) {
      press("kept", true);
    }
    if (waitingBytes > maxBytes) {
      relieve();
    }
    schedule(gatherMs());
  }

  function relieve(): void {
    const runsMs = startedUs === undefined ? 0 : (clock.monotonicUs() - startedUs) / 1000;
    if (failures === 0 && runsMs < COMMIT_LIMITS.stuckMs) {
      press("live", true);
      return;
    }
    // what was kept is little, and its streams are paused
    const going = waiting.live.splice(0);
    for (const { stream } of going) {
      letGo.add(stream);
    }
    counters.liveOnlyFramesTotal += going.length;
    waitingBytes -= sumBytes(going);
    press("live", false);
    publish();
  }

  function press(kind: StreamKind, isHigh: boolean): void {
    if (pressing[kind] !== isHigh) {
      pressing[kind] = isHigh;
      options.onPressure(kind, isHigh);
    }
  }

  function countWaiting(): number {
    return waiting.live.length + waiting.kept.length;
  }

  function schedule(delayMs: number): void {
    if (isScheduled || running !== undefined || countWaiting() === 0) {
      return;
    }
    isScheduled = true;
    clock.after(delayMs, () => {
      isScheduled = false;
      void commit();
    });
  }

  function commit(): Promise<void> {
    if (running === undefined && countWaiting() > 0) {
      const batch = waiting.live.splice(0, COMMIT_LIMITS.batchFrames);
      batch.push(...waiting.kept.splice(0, COMMIT_LIMITS.batchFrames - batch.length));
      waitingBytes -= sumBytes(batch);
      running = store(batch).finally(() => {
        running = undefined;
        schedule(countWaiting() >= COMMIT_LIMITS.batchFrames ? 0 : gatherMs());
      });
    }
    return running ?? Promise.resolve();
  }

  /** Resolves when the batch is durable, or given up because the queue is being drained. */
  async function store(batch: readonly PendingFrame<Stream, Waiting>[]): Promise<void> {
    const frames = batch.map(({ waiting }) => waiting);
    for (;;) {
      startedUs = clock.monotonicUs();
      try {
        await options.append(frames);
        break;
      } catch (error) {
        failures += 1;
        counters.commitFailuresTotal += 1;
        counters.lastCommitError = EtcdscopeError.from(error).message;
        press("live", false);
        if (isDraining) {
          return;
        }
        await pause(backoffDelayMs(failures - 1, COMMIT_LIMITS.retry, Math.random()));
      }
    }
    finish(batch);
  }

  function finish(batch: readonly PendingFrame<Stream, Waiting>[]): void {
    const seconds = (clock.monotonicUs() - (startedUs ?? 0)) / 1e6;
    startedUs = undefined;
    failures = 0;
    counters.commitsTotal += 1;
    counters.commitSecondsTotal += seconds;
    counters.lastCommitSeconds = seconds;
    counters.lastCommitError = "";
    publish();
    const last = new Map<Stream, bigint>();
    for (const { stream, sequence } of batch) {
      last.set(stream, sequence);
    }
    for (const [stream, sequence] of last) {
      options.onDurable(stream, sequence);
    }
    if (waitingBytes < maxBytes / 2) {
      press("live", false);
    }
    if (waitingBytes < (maxBytes * COMMIT_LIMITS.keptShare) / 2) {
      press("kept", false);
    }
    if (letGo.size > 0) {
      const streams = [...letGo];
      letGo.clear();
      options.onLetGo(streams);
    }
  }

  function pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      clock.after(delayMs, resolve);
    });
  }

  function publish(): void {
    counters.pendingFrames = countWaiting();
    counters.pendingBytes = waitingBytes;
  }

  async function drain(): Promise<void> {
    isDraining = true;
    while (failures === 0 && (running !== undefined || countWaiting() > 0)) {
      await commit();
    }
  }

  return { add, drain };
}

function sumBytes(frames: readonly { readonly bytes: number }[]): number {
  return frames.reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * Group commit: what arrives while one commit runs goes into the next, and only what is durable is acknowledged. When the
 * history cannot be written the batch at hand is tried again until it can; what does not fit into memory meanwhile
 * is let go, and its streams, once the history is back, are made to send it again.
 */
import { backoffDelayMs } from "../../shared/backoff.ts";
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { ReceivedFrame } from "../../shared/frame.ts";
import type { IngestCounters } from "./counters.ts";

export const COMMIT_LIMITS = {
  /** Frames wait this long for company: nobody waits for an acknowledgement, and a commit costs an fsync. */
  gatherMs: 10,
  /** Of a large fleet, whose agents hold frames for much longer. */
  gatherManyMs: 100,
  /** Encoding a batch holds the event loop: some 20 µs a frame. */
  batchFrames: 1000,
  /** Bytes as received that wait to be durable, at most. */
  pendingBytes: 64 * 1024 * 1024,
  /** A commit that runs longer is taken for a disk that hangs: streams are not paused for it. */
  stuckMs: 2000,
  retry: { firstMs: 250, maxMs: 5000 },
} as const;

export interface PendingFrame<Stream> {
  readonly stream: Stream;
  readonly received: ReceivedFrame;
  /** As received. */
  readonly bytes: number;
}

export interface CommitQueueOptions<Stream> {
  readonly append: (frames: readonly ReceivedFrame[]) => Promise<void>;
  readonly clock: Clock;
  readonly counters: IngestCounters;
  readonly pendingBytes?: number;
  /** COMMIT_LIMITS.gatherMs when absent. */
  readonly gatherMs?: () => number;
  /** Every frame of this stream up to this sequence is durable. */
  readonly onDurable: (stream: Stream, sequence: bigint) => void;
  /** Streams should be paused (true), or may go on. */
  readonly onPressure: (isHigh: boolean) => void;
  /** Frames of these streams were let go: they must resume from what is durable. */
  readonly onLetGo: (streams: readonly Stream[]) => void;
}

export interface CommitQueue<Stream> {
  add(pending: PendingFrame<Stream>): void;
  /** Resolves when what is pending is durable, or cannot be made so now; nothing is tried again after it. */
  drain(): Promise<void>;
}

export function createCommitQueue<Stream>(options: CommitQueueOptions<Stream>): CommitQueue<Stream> {
  const { clock, counters } = options;
  const maxBytes = options.pendingBytes ?? COMMIT_LIMITS.pendingBytes;
  const gatherMs = options.gatherMs ?? (() => COMMIT_LIMITS.gatherMs);
  const letGo = new Set<Stream>();
  let waiting: PendingFrame<Stream>[] = [];
  let waitingBytes = 0;
  let isScheduled = false;
  let isPressing = false;
  let startedUs: number | undefined;
  let failures = 0;
  let running: Promise<void> | undefined;
  let isDraining = false;

  function add(pending: PendingFrame<Stream>): void {
    if (letGo.has(pending.stream)) {
      // a later frame of it must not become durable before those that were let go
      counters.liveOnlyFramesTotal += 1;
      return;
    }
    waiting.push(pending);
    waitingBytes += pending.bytes;
    publish();
    if (waitingBytes > maxBytes) {
      relieve();
    }
    schedule(gatherMs());
  }

  function relieve(): void {
    const runsMs = startedUs === undefined ? 0 : (clock.monotonicUs() - startedUs) / 1000;
    if (failures === 0 && runsMs < COMMIT_LIMITS.stuckMs) {
      press(true);
      return;
    }
    for (const { stream } of waiting) {
      letGo.add(stream);
    }
    counters.liveOnlyFramesTotal += waiting.length;
    waiting = [];
    waitingBytes = 0;
    press(false);
    publish();
  }

  function press(isHigh: boolean): void {
    if (isPressing !== isHigh) {
      isPressing = isHigh;
      options.onPressure(isHigh);
    }
  }

  function schedule(delayMs: number): void {
    if (isScheduled || running !== undefined || waiting.length === 0) {
      return;
    }
    isScheduled = true;
    clock.after(delayMs, () => {
      isScheduled = false;
      void commit();
    });
  }

  function commit(): Promise<void> {
    if (running === undefined && waiting.length > 0) {
      const batch = waiting.splice(0, COMMIT_LIMITS.batchFrames);
      waitingBytes -= batch.reduce((sum, { bytes }) => sum + bytes, 0);
      running = store(batch).finally(() => {
        running = undefined;
        schedule(waiting.length >= COMMIT_LIMITS.batchFrames ? 0 : gatherMs());
      });
    }
    return running ?? Promise.resolve();
  }

  /** Resolves when the batch is durable, or given up because the queue is being drained. */
  async function store(batch: readonly PendingFrame<Stream>[]): Promise<void> {
    const frames = batch.map(({ received }) => received);
    for (;;) {
      startedUs = clock.monotonicUs();
      try {
        await options.append(frames);
        break;
      } catch (error) {
        failures += 1;
        counters.commitFailuresTotal += 1;
        counters.lastCommitError = EtcdscopeError.from(error).message;
        press(false);
        if (isDraining) {
          return;
        }
        await pause(backoffDelayMs(failures - 1, COMMIT_LIMITS.retry, Math.random()));
      }
    }
    finish(batch);
  }

  function finish(batch: readonly PendingFrame<Stream>[]): void {
    const seconds = (clock.monotonicUs() - (startedUs ?? 0)) / 1e6;
    startedUs = undefined;
    failures = 0;
    counters.commitsTotal += 1;
    counters.commitSecondsTotal += seconds;
    counters.lastCommitSeconds = seconds;
    counters.lastCommitError = "";
    publish();
    const last = new Map<Stream, bigint>();
    for (const { stream, received } of batch) {
      last.set(stream, received.frame.sequence);
    }
    for (const [stream, sequence] of last) {
      options.onDurable(stream, sequence);
    }
    if (waitingBytes < maxBytes / 2) {
      press(false);
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
    counters.pendingFrames = waiting.length;
    counters.pendingBytes = waitingBytes;
  }

  async function drain(): Promise<void> {
    isDraining = true;
    while (failures === 0 && (running !== undefined || waiting.length > 0)) {
      await commit();
    }
  }

  return { add, drain };
}

/** Sends every sample on to one Prometheus-compatible store, in batches; what it cannot take in time is dropped and counted. */
import type { Clock, Timer } from "../../shared/clock.ts";
import type { ReceivedFrame } from "../../shared/frame.ts";
import type { Logger } from "../../shared/log-line.ts";
import type { OutputTarget } from "../config.ts";
import { createDeliveryQueue } from "./delivery-queue.ts";
import type { OutputCounters } from "./output-counters.ts";
import type { Post } from "./post.ts";
import { snappyLiteral } from "./snappy.ts";
import { encodeWriteRequest, type WriteRequest } from "./write-request.ts";

export interface RemoteWriteOptions {
  readonly target: OutputTarget;
  readonly post: Post;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly counters: OutputCounters;
}

export interface RemoteWrite {
  take(frames: readonly ReceivedFrame[]): void;
  start(): void;
  stop(): void;
}

const FLUSH_EVERY_MS = 5000;
/** A batch of this many samples goes at once: about a megabyte. */
const MAX_BATCH_SAMPLES = 20_000;
/** Ten minutes of a busy collector; about 100 MB at the very most. */
const MAX_WAITING_BATCHES = 100;

export function createRemoteWrite(options: RemoteWriteOptions): RemoteWrite {
  const { target, clock, log, counters } = options;
  let pending: ReceivedFrame[] = [];
  let pendingSamples = 0;
  let timer: Timer | undefined;
  const queue = createDeliveryQueue<WriteRequest>({
    name: new URL(target.url).host,
    maxWaiting: MAX_WAITING_BATCHES,
    weigh: ({ samples }) => samples,
    deliver: ({ bytes }) =>
      options.post({
        url: target.url,
        target,
        body: snappyLiteral(bytes),
        headers: {
          "content-type": "application/x-protobuf",
          "content-encoding": "snappy",
          "x-prometheus-remote-write-version": "0.1.0",
        },
      }),
    clock,
    random: options.random,
    log,
    counters,
  });

  function flush(): void {
    if (pendingSamples > 0) {
      queue.push(encodeWriteRequest(pending));
    }
    pending = [];
    pendingSamples = 0;
  }

  function schedule(): void {
    timer = clock.after(FLUSH_EVERY_MS, () => {
      flush();
      schedule();
    });
  }

  return {
    take(frames) {
      for (const received of frames) {
        pending.push(received);
        pendingSamples += received.frame.samples.length;
        if (pendingSamples >= MAX_BATCH_SAMPLES) {
          flush();
        }
      }
    },
    start: schedule,
    stop() {
      timer?.cancel();
      queue.stop();
    },
  };
}

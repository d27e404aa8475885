/** Deliveries to one receiver, one after the other, each tried until it is taken or refused; bounded, the oldest dropped. */
import { backoffDelayMs } from "../../shared/backoff.ts";
import type { Clock, Timer } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log-line.ts";
import type { OutputCounters } from "./output-counters.ts";
import { isWorthRetrying, type PostAnswer } from "./post.ts";

export interface DeliveryQueueOptions<T> {
  /** Where to, for the log. */
  readonly name: string;
  readonly maxWaiting: number;
  readonly deliver: (entry: T) => Promise<PostAnswer>;
  /** How much an entry counts: 1, or the samples in it. */
  readonly weigh: (entry: T) => number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly counters: OutputCounters;
}

export interface DeliveryQueue<T> {
  push(entry: T): void;
  size(): number;
  stop(): void;
}

const BACKOFF = { firstMs: 1000, maxMs: 60_000 } as const;

export function createDeliveryQueue<T>(options: DeliveryQueueOptions<T>): DeliveryQueue<T> {
  const { clock, counters, log, name } = options;
  const waiting: T[] = [];
  let timer: Timer | undefined;
  let isBusy = false;
  let isStopped = false;
  let failures = 0;

  function work(): void {
    const [entry] = waiting;
    if (isBusy || isStopped || entry === undefined) {
      return;
    }
    isBusy = true;
    // Both ways out are handled, so the chain cannot reject.
    void options.deliver(entry).then(
      (answer) => settle(entry, answer),
      (error: unknown) => retry(error),
    );
  }

  function settle(entry: T, answer: PostAnswer): void {
    if (answer.status >= 200 && answer.status < 300) {
      if (failures > 0) {
        log.info({ receiver: name }, "The receiver takes deliveries again.");
      }
      counters.sentTotal += options.weigh(entry);
    } else if (isWorthRetrying(answer.status)) {
      retry(new EtcdscopeError("UNAVAILABLE", `Expected 2xx, got ${answer.status}: ${answer.text}`));
      return;
    } else {
      drop(entry);
      log.warn({ receiver: name, ...answer }, "The receiver refused a delivery for good; it is dropped.");
    }
    failures = 0;
    isBusy = false;
    if (waiting[0] === entry) {
      waiting.shift();
    }
    work();
  }

  function retry(error: unknown): void {
    counters.failuresTotal += 1;
    if (failures === 0) {
      log.warn({ error, receiver: name }, "A delivery failed; trying again.");
    }
    failures += 1;
    timer = clock.after(backoffDelayMs(failures - 1, BACKOFF, options.random()), () => {
      isBusy = false;
      work();
    });
  }

  function drop(entry: T): void {
    counters.droppedTotal += options.weigh(entry);
  }

  return {
    push(entry) {
      waiting.push(entry);
      if (waiting.length > options.maxWaiting) {
        const oldest = waiting.shift();
        if (oldest !== undefined) {
          drop(oldest);
        }
      }
      work();
    },
    size: () => waiting.length,
    stop() {
      isStopped = true;
      timer?.cancel();
    },
  };
}

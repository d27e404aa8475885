/** Tells one Alertmanager what stands: at once when an alert begins or ends, else every minute, until it takes it. */
import { backoffDelayMs } from "../../shared/backoff.ts";
import type { Clock, Timer } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log-line.ts";
import type { OutputTarget } from "../config.ts";
import { isAtLeast } from "./alert-labels.ts";
import { hasNews, listAlerts, observe, type AlertBook, type SeenFindings } from "./alert-book.ts";
import type { OutputCounters } from "./output-counters.ts";
import type { Post } from "./post.ts";

export interface AlertmanagerOptions {
  readonly target: OutputTarget;
  readonly post: Post;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly counters: OutputCounters;
}

export interface Alertmanager {
  observe(seen: SeenFindings): void;
  start(): void;
  stop(): void;
}

/** What comes up together goes together. */
const NEWS_AFTER_MS = 250;
const RENEW_EVERY_MS = 60_000;
const BACKOFF = { firstMs: 1000, maxMs: 30_000 } as const;
/** Alerts in one request. */
const MAX_BATCH = 500;

export function createAlertmanager(options: AlertmanagerOptions): Alertmanager {
  const { target, clock, counters, log } = options;
  const url = `${target.url.replace(/\/+$/, "")}/api/v2/alerts`;
  let book: AlertBook = new Map();
  let timer: Timer | undefined;
  let isSending = false;
  let isNews = false;
  let isStopped = true;
  let failures = 0;

  function schedule(delayMs: number): void {
    timer?.cancel();
    timer = isStopped ? undefined : clock.after(delayMs, send);
  }

  function send(): void {
    isSending = true;
    isNews = false;
    // Both ways out are handled, so the chain cannot reject.
    void sendAll().then(
      () => {
        if (failures > 0) {
          log.info({ url }, "Alertmanager takes alerts again.");
        }
        failures = 0;
        renew(isNews ? NEWS_AFTER_MS : RENEW_EVERY_MS);
      },
      (error: unknown) => {
        counters.failuresTotal += 1;
        if (failures === 0) {
          log.warn({ error, url }, "Alertmanager did not take alerts; trying again.");
        }
        failures += 1;
        renew(backoffDelayMs(failures - 1, BACKOFF, options.random()));
      },
    );
  }

  function renew(delayMs: number): void {
    isSending = false;
    schedule(delayMs);
  }

  async function sendAll(): Promise<void> {
    const alerts = listAlerts(book, clock.nowMs());
    for (let from = 0; from < alerts.length; from += MAX_BATCH) {
      const batch = alerts.slice(from, from + MAX_BATCH);
      const body = Buffer.from(JSON.stringify(batch));
      const answer = await options.post({
        url,
        target,
        body,
        headers: { "content-type": "application/json" },
      });
      if (answer.status < 200 || answer.status > 299) {
        throw new EtcdscopeError(
          "UNAVAILABLE",
          `Expected 200 of ${url}, got ${answer.status}: ${answer.text}`,
        );
      }
      counters.sentTotal += batch.length;
    }
  }

  return {
    observe(seen) {
      const active = seen.active.filter(({ severity }) => isAtLeast(severity, target.minSeverity));
      const after = observe(book, { ...seen, active }, clock.nowMs());
      const isFresh = hasNews(book, after, seen.cluster);
      book = after;
      if (isFresh && !isNews) {
        isNews = true;
        // While it does not answer, the next try tells this too.
        if (!isSending && failures === 0) {
          schedule(NEWS_AFTER_MS);
        }
      }
    },
    start() {
      isStopped = false;
      schedule(RENEW_EVERY_MS);
    },
    stop() {
      isStopped = true;
      timer?.cancel();
    },
  };
}

/** Everything that leaves the collector by itself: alerts, webhooks, samples. Nothing here can hold up or break the diagnosis. */
import type { Clock } from "../../shared/clock.ts";
import type { ReceivedFrame } from "../../shared/frame.ts";
import type { Logger } from "../../shared/log-line.ts";
import type { CollectorConfig } from "../config.ts";
import type { SeenFindings } from "./alert-book.ts";
import { createAlertmanager } from "./alertmanager.ts";
import { createOutputCounters, type OutputCounters, type OutputKind } from "./output-counters.ts";
import { post } from "./post.ts";
import { createRemoteWrite } from "./remote-write.ts";
import { createWebhook } from "./webhook.ts";

export interface OutputsOptions {
  readonly config: Pick<CollectorConfig, "alerts" | "remoteWrite">;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Outputs {
  observe(seen: SeenFindings): void;
  takeFrames(frames: readonly ReceivedFrame[]): void;
  readonly counters: Readonly<Record<OutputKind, Readonly<OutputCounters>>>;
  start(): void;
  stop(): void;
}

export function createOutputs({ config, clock, log }: OutputsOptions): Outputs {
  const counters = createOutputCounters();
  const common = { post, clock, log, random: Math.random };
  const alertmanagers = config.alerts.alertmanager.map((target) =>
    createAlertmanager({ ...common, target, counters: counters.alertmanager }),
  );
  const webhooks = config.alerts.webhook.map((target) =>
    createWebhook({ ...common, target, counters: counters.webhook }),
  );
  const stores = config.remoteWrite.map((target) =>
    createRemoteWrite({ ...common, target, counters: counters.remote_write }),
  );
  return {
    observe(seen) {
      for (const receiver of [...alertmanagers, ...webhooks]) {
        try {
          receiver.observe(seen);
        } catch (error) {
          log.error({ error, cluster: seen.cluster }, "Findings could not be told to a receiver.");
        }
      }
    },
    takeFrames(frames) {
      for (const store of stores) {
        store.take(frames);
      }
    },
    counters,
    start: () => [...alertmanagers, ...stores].forEach((one) => one.start()),
    stop: () => [...alertmanagers, ...webhooks, ...stores].forEach((one) => one.stop()),
  };
}

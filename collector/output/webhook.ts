/** Tells one webhook of each finding that begins, changes its weight, or ends. */
import type { Clock } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log-line.ts";
import type { Finding } from "../../shared/rest.ts";
import type { WebhookTarget } from "../config.ts";
import type { SeenFindings } from "./alert-book.ts";
import { isAtLeast } from "./alert-labels.ts";
import { createDeliveryQueue } from "./delivery-queue.ts";
import type { OutputCounters } from "./output-counters.ts";
import { readSecretFile, type Post, type PostAnswer } from "./post.ts";
import { deliveryId, renderWebhook, signBody, type WebhookEvent } from "./webhook-message.ts";

export interface WebhookOptions {
  readonly target: WebhookTarget;
  readonly post: Post;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly counters: OutputCounters;
}

export interface Webhook {
  observe(seen: SeenFindings): void;
  stop(): void;
}

/** A bad night is some hundreds. */
const MAX_WAITING = 1000;

export function createWebhook(options: WebhookOptions): Webhook {
  const { target, clock, log, counters } = options;
  /** What stands, by cluster and id. */
  const standing = new Map<string, ReadonlyMap<string, Finding>>();
  const queue = createDeliveryQueue<WebhookEvent>({
    name: new URL(target.url).host,
    maxWaiting: MAX_WAITING,
    deliver,
    weigh: () => 1,
    clock,
    random: options.random,
    log,
    counters,
  });

  async function deliver(news: WebhookEvent): Promise<PostAnswer> {
    const body = renderWebhook(news, target.template);
    const secret =
      target.secretFile === undefined ? undefined : (await readSecretFile(target.secretFile)).trim();
    const signature =
      secret === undefined ? {} : { "x-etcdscope-signature": signBody(body, secret, clock.nowMs()) };
    return await options.post({
      url: target.url,
      target,
      body: Buffer.from(body),
      headers: { "content-type": "application/json", "x-etcdscope-delivery": deliveryId(news), ...signature },
    });
  }

  function tell(event: WebhookEvent["event"], cluster: string, finding: Finding): void {
    queue.push({ event, cluster, at: new Date(clock.nowMs()).toISOString(), finding });
  }

  return {
    observe({ cluster, active, resolved }) {
      const before = standing.get(cluster) ?? new Map<string, Finding>();
      const after = new Map(
        active
          .filter(({ severity }) => isAtLeast(severity, target.minSeverity))
          .map((finding) => [finding.id, finding]),
      );
      if (before.size === 0 && after.size === 0) {
        return;
      }
      standing.set(cluster, after);
      for (const [id, finding] of after) {
        const known = before.get(id);
        if (known === undefined) {
          tell("opened", cluster, finding);
        } else if (known.severity !== finding.severity || known.rootCause !== finding.rootCause) {
          tell("changed", cluster, finding);
        }
      }
      for (const [id, finding] of before) {
        if (!after.has(id)) {
          const ended = resolved.find((one) => one.id === id);
          const until = new Date(clock.nowMs()).toISOString();
          tell("resolved", cluster, ended ?? { ...finding, status: "resolved", until });
        }
      }
    },
    stop: () => queue.stop(),
  };
}

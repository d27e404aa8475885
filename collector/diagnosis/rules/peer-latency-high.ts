/** PEER_LATENCY_HIGH: the round trip to another member takes a good part of the heartbeat interval. */
import { findFact } from "../../view/node-reading.ts";
import type { LinkView } from "../../view/cluster-view.ts";
import { createEvidence } from "../evidence.ts";
import { formatDuration } from "../format.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import { findNode } from "../judged-cluster.ts";
import { findLongSince, readLeastRoundTrip } from "../link-round-trip.ts";
import { proveRoundTrip } from "../peer-sockets.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { RESPOND_WITHIN } from "../rule.ts";
import type { Thresholds } from "../thresholds.ts";

export const peerLatencyHigh: Rule = {
  code: "PEER_LATENCY_HIGH",
  layer: "network",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "peer-latency-high",
  // Three measurements are the hold.
  holdMs: 0,
  quietMs: 30_000,
  evaluate: (cluster, thresholds) =>
    cluster.view.links
      .filter(({ port }) => port === "peer")
      .map((link) => evaluateLink(cluster, link, thresholds)),
};

function evaluateLink(cluster: JudgedCluster, link: LinkView, thresholds: Thresholds): RuleOutcome {
  const subject = { kind: "link", name: link.from, peer: link.to } as const;
  const node = findNode(cluster, link.node);
  const tripMs = node === undefined ? undefined : readLeastRoundTrip(node.state, link.to, cluster.nowMs);
  if (node === undefined || tripMs === undefined) {
    const reason = {
      en: `fewer than three round trips from ${link.from} to ${link.to} were measured in the last minute`,
      zh: `最近一分钟内 ${link.from} 到 ${link.to} 的往返测量少于三次`,
    };
    return { kind: "unknown", subject, reason, isBeyondOneLook: true };
  }
  const flag = findFact(node.state, "flags", "flags")?.body.flags["heartbeat-interval"];
  const limitMs = Number(flag) > 0 ? Number(flag) / 2 : thresholds.peerLatencyMs;
  const shown = formatDuration(tripMs);
  const text = {
    en: `the round trip from ${link.from} to ${link.to} takes ${shown.en}`,
    zh: `${link.from} 到 ${link.to} 的往返时间为 ${shown.zh}`,
  };
  if (tripMs < limitMs) {
    return { kind: "ok", subject, because: text };
  }
  const limit = formatDuration(limitMs);
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: {
      en: `${link.to} is far from ${link.from}: ${shown.en} a round trip`,
      zh: `${link.from} 到 ${link.to} 延迟过高：往返 ${shown.zh}`,
    },
    detail: {
      en: `More than ${limit.en}, half of the heartbeat interval: each write waits for it. Shorten the way, or raise --heartbeat-interval to the round trip and --election-timeout to ten of them, on all members`,
      zh: `超过心跳间隔的一半（${limit.zh}）：每次写入都要等待。请缩短路径，或在所有成员上把 --heartbeat-interval 提高到往返时间，把 --election-timeout 提高到其十倍`,
    },
    evidence: [
      createEvidence({ node: node.name, source: "peer port", atMs: link.atMs ?? cluster.nowMs }, text, {
        value: Number(tripMs.toFixed(1)),
        threshold: limitMs,
        unit: "ms",
      }),
      ...proveRoundTrip(cluster, link, findLongSince(node.state, link.to, cluster.nowMs)),
    ],
  };
}

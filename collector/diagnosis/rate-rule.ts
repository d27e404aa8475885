/** Rules about something that etcd counts and that should hardly ever happen: bad when it happens often for two intervals. */
import type { Text } from "../../shared/text.ts";
import { findIncrease } from "../view/node-reading.ts";
import { eachNode } from "./each-node.ts";
import { createEvidence } from "./evidence.ts";
import { addSayings } from "./log-evidence.ts";
import type { Rule } from "./rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "./rule.ts";
import type { ThresholdName } from "./thresholds.ts";

/** Two intervals of the metrics probe. */
const LEAST_MS = 15_000;
/** The agent tells once a minute what the log goes on saying. */
const SAID_WITHIN_MS = 150_000;

export interface RateRule {
  readonly code: string;
  readonly runbook: string;
  readonly metric: string;
  readonly threshold: ThresholdName;
  /** Codes of the log catalogue that say the same: told beside the figures. */
  readonly says?: readonly string[];
  /** "slow requests" */
  readonly what: Text;
  /** What it means and what to look at. */
  readonly detail: Text;
}

export function createRateRule(about: RateRule): Rule {
  const { metric, what, detail } = about;
  return {
    code: about.code,
    layer: "performance",
    isFault: false,
    respondWithin: RESPOND_WITHIN,
    runbook: about.runbook,
    // The two intervals are the hold.
    holdMs: 0,
    quietMs: 30_000,
    evaluate: eachNode(({ node, cluster, thresholds, sinceMs }) => {
      const subject = nodeSubject(node.name);
      const grown = findIncrease(node.state, { metric }, sinceMs);
      if (grown === undefined || grown.overMs < LEAST_MS) {
        const reason = {
          en: `two looks at ${metric} on ${node.name} are needed, and were not had lately`,
          zh: `需要 ${node.name} 上 ${metric} 的两次读数，最近没有得到`,
        };
        return { kind: "unknown", subject, reason, isBeyondOneLook: true };
      }
      const perSecond = (grown.value * 1000) / grown.overMs;
      const shown = Number(perSecond.toPrecision(2));
      const limit = thresholds[about.threshold];
      const text = { en: `${shown} ${what.en} a second`, zh: `每秒 ${shown} 次${what.zh}` };
      if (perSecond < limit || grown.newest === 0) {
        return { kind: "ok", subject, because: text };
      }
      return {
        kind: "bad",
        subject,
        severity: "warning",
        title: { en: `${text.en} on ${node.name}`, zh: `${node.name} 上${text.zh}` },
        detail,
        evidence: [
          createEvidence({ node: node.name, source: "/metrics", atMs: grown.atMs }, text, {
            value: shown,
            threshold: limit,
            unit: "per-second",
          }),
          ...addSayings(node, about.says ?? [], cluster.nowMs - SAID_WITHIN_MS),
        ],
      };
    }),
  };
}

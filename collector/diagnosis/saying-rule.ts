/**
 * Rules about what etcd's log says again and again. The catalogue's own rate decides which of its lines are events above info, so
 * that one slow request is nothing here; a rule adds how long one counts, and what is usual on this node.
 */
import type { Text } from "../../shared/text.ts";
import { eachNode } from "./each-node.ts";
import type { NodeLook } from "./each-node.ts";
import { formatDuration } from "./format.ts";
import { findUnreadLog, listSayings, proveBySaying } from "./log-evidence.ts";
import type { Rule, RuleOutcome } from "./rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "./rule.ts";

export interface SayingRule {
  readonly code: string;
  readonly runbook: string;
  readonly says: readonly string[];
  /** A saying counts for so long. The agent tells one that goes on once a minute. */
  readonly windowMs: number;
  /** Only when there are so many times more of them than in the hour before. */
  readonly overBaseline?: number;
  readonly what: Text;
  readonly detail: Text;
}

const HOUR_MS = 3_600_000;

export function createSayingRule(about: SayingRule): Rule {
  return {
    code: about.code,
    layer: "performance",
    isFault: false,
    respondWithin: RESPOND_WITHIN,
    runbook: about.runbook,
    // The rate is the hold.
    holdMs: 0,
    quietMs: 30_000,
    evaluate: eachNode((look) => evaluateNode(about, look)),
  };
}

function evaluateNode(about: SayingRule, { node, cluster }: NodeLook): RuleOutcome {
  const subject = nodeSubject(node.name);
  const sayings = listSayings(node.state, new Set(about.says), cluster.nowMs - HOUR_MS).filter(
    ({ severity }) => severity !== "info",
  );
  const sinceMs = cluster.nowMs - about.windowMs;
  const recent = sayings.filter(({ atMs }) => atMs >= sinceMs);
  const count = sum(recent);
  const usual = (sum(sayings) - count) * (about.windowMs / (HOUR_MS - about.windowMs));
  const last = recent.at(-1);
  if (last === undefined || (about.overBaseline !== undefined && count < usual * about.overBaseline)) {
    const unread = findUnreadLog(node);
    if (last === undefined && unread !== undefined) {
      return { kind: "unknown", subject, reason: unread };
    }
    return { kind: "ok", subject };
  }
  const window = formatDuration(about.windowMs);
  const times = {
    en: `${count === 1 ? "once" : `${count} times`} in the last ${window.en}`,
    zh: `最近 ${window.zh}内 ${count} 次`,
  };
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: {
      en: `${about.what.en} on ${node.name}: ${times.en}`,
      zh: `${node.name} 上${about.what.zh}：${times.zh}`,
    },
    detail: about.detail,
    evidence: recent.slice(-3).map((saying) => proveBySaying(node, saying)),
    sinceMs: recent[0]?.atMs ?? last.atMs,
  };
}

function sum(sayings: readonly { readonly count: number }[]): number {
  return sayings.reduce((total, { count }) => total + count, 0);
}

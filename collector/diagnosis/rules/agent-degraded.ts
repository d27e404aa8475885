/** AGENT_DEGRADED: an agent is heard, but a probe of it has not worked for a while: what it would have told is not known. */
import { plainError } from "../../view/plain-error.ts";
import { eachNode } from "../each-node.ts";
import type { NodeLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import { formatDuration } from "../format.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject } from "../rule.ts";

/** These look at etcd and its peers: that they fail says something of those, not of the agent, unless the member serves. */
const ABOUT_PEERS: ReadonlySet<string> = new Set(["status", "link"]);
const ABOUT_ETCD: ReadonlySet<string> = new Set(["read", "metrics", "members", "alarms", "growth"]);

export const agentDegraded: Rule = {
  code: "AGENT_DEGRADED",
  layer: "agent",
  isFault: false,
  respondWithin: { critical: "1h", warning: "1d", info: "7d" },
  runbook: "agent-degraded",
  // What has failed for as long as etcd was away works again a moment after it has come back.
  holdMs: 5000,
  quietMs: 15_000,
  evaluate: eachNode(evaluateNode),
};

function evaluateNode({ node, cluster, thresholds }: NodeLook): RuleOutcome {
  const subject = nodeSubject(node.name);
  const member = cluster.members.find(({ view }) => view.node === node.name);
  const isServing = member?.state === "serving";
  if (node.state.runs.isEmpty()) {
    const reason = { en: `no probe of ${node.name} has run yet`, zh: `${node.name} 上尚无探测运行` };
    return { kind: "unknown", subject, reason };
  }
  const blind = [...node.state.runs.failing()].filter(
    ({ probe, failingSinceMs }) =>
      failingSinceMs !== undefined &&
      cluster.nowMs - failingSinceMs >= thresholds.blindMs &&
      !ABOUT_PEERS.has(probe) &&
      (isServing || !ABOUT_ETCD.has(probe)),
  );
  if (blind.length === 0) {
    return { kind: "ok", subject };
  }
  const names = [...new Set(blind.map(({ probe }) => probe))].sort().join(", ");
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: {
      en: `The agent on ${node.name} is blind in part: ${names}`,
      zh: `${node.name} 上的代理部分失明：${names}`,
    },
    detail: {
      en: "Checks that need these answer unknown for this node. See the reason below, and the rights of the agent's unit",
      zh: "依赖它们的检查在该节点上结果为未知。请查看下面的原因以及代理服务的权限",
    },
    evidence: blind.slice(0, 8).map(({ probe, target, errorText, errorCode, endedAtMs, failingSinceMs }) => {
      const what = target === "" ? probe : `${probe} ${target}`;
      const since = formatDuration(cluster.nowMs - (failingSinceMs ?? endedAtMs));
      const why = plainError(errorText, errorCode) || "timeout";
      return createEvidence(
        { node: node.name, source: probe, atMs: endedAtMs },
        { en: `${what} has failed for ${since.en}: ${why}`, zh: `${what} 已失败 ${since.zh}：${why}` },
      );
    }),
    ...sinceOf(blind.flatMap(({ failingSinceMs }) => failingSinceMs ?? [])),
  };
}

function sinceOf(times: readonly number[]): { readonly sinceMs?: number } {
  return times.length === 0 ? {} : { sinceMs: Math.min(...times) };
}

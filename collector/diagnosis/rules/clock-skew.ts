/** CLOCK_SKEW: a node's clock is apart from all the others'. Raft does not mind; certificates, leases' logs and people do. */
import { Layer } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Evidence } from "../../../shared/rest.ts";
import { findFact } from "../../view/node-reading.ts";
import { eachNode } from "../each-node.ts";
import type { NodeLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import { formatDuration } from "../format.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject } from "../rule.ts";

export const clockSkew: Rule = {
  code: "CLOCK_SKEW",
  layer: "network",
  isFault: false,
  respondWithin: { critical: "4h", warning: "1d", info: "7d" },
  runbook: "clock-skew",
  // One measurement may be bad.
  holdMs: 10_000,
  quietMs: 30_000,
  evaluate: eachNode(evaluateNode),
};

function evaluateNode({ node, cluster, thresholds }: NodeLook): RuleOutcome {
  const subject = nodeSubject(node.name);
  const others = cluster.view.nodes.filter(
    ({ name, agent, state }) => name !== node.name && agent.isCurrent && state.clockOffsetMeasured,
  );
  if (!node.state.clockOffsetMeasured || others.length === 0) {
    const reason = {
      en: `the clock of ${node.name}, or of any other node, has not been measured yet`,
      zh: `尚未测量 ${node.name} 或其他节点的时钟`,
    };
    return { kind: "unknown", subject, reason, isBeyondOneLook: true };
  }
  const nearest = others
    .map(({ name, state }) => ({ name, apartMs: node.state.clockOffsetMs - state.clockOffsetMs }))
    .reduce((best, one) => (Math.abs(one.apartMs) < Math.abs(best.apartMs) ? one : best));
  const shown = formatDuration(Math.abs(nearest.apartMs));
  const isAhead = nearest.apartMs > 0;
  const text = {
    en: `its clock is ${shown.en} ${isAhead ? "ahead of" : "behind"} ${nearest.name}'s, the nearest`,
    zh: `其时钟比最接近的 ${nearest.name} ${isAhead ? "快" : "慢"} ${shown.zh}`,
  };
  if (Math.abs(nearest.apartMs) < thresholds.clockSkewMs) {
    return { kind: "ok", subject, because: text };
  }
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: {
      en: `The clock of ${node.name} is ${shown.en} ${isAhead ? "ahead" : "behind"}`,
      zh: `${node.name} 的时钟${isAhead ? "快" : "慢"} ${shown.zh}`,
    },
    detail: {
      en: `${text.en}. Elections do not depend on it; certificates may be refused too early or too late, and logs of nodes cannot be compared. See chronyc tracking or timedatectl on ${node.name}`,
      zh: `${text.zh}。选举不依赖它；但证书可能过早或过晚被拒绝，节点日志无法对照。请在 ${node.name} 上查看 chronyc tracking 或 timedatectl`,
    },
    evidence: [
      createEvidence({ node: node.name, source: "clock offset", atMs: node.state.atMs }, text, {
        value: Math.round(nearest.apartMs),
        threshold: thresholds.clockSkewMs,
        unit: "ms",
      }),
      ...describeService(node),
    ],
  };
}

/** What should keep the clock right, where that can be told. */
function describeService(node: NodeLook["node"]): readonly Evidence[] {
  const held = findFact(node.state, "clock", "clock");
  if (held === undefined) {
    return [];
  }
  const { service, synchronized, source, reason } = held.body;
  const text =
    service === ""
      ? { en: "no time service that is known runs here", zh: "此处没有运行已知的时间服务" }
      : synchronized === Layer.FAILED
        ? { en: `${service} has not set the clock since boot`, zh: `${service} 自启动以来未校准过时钟` }
        : synchronized === Layer.OK
          ? {
              en: `${service} keeps it, and has heard a time source`,
              zh: `由 ${service} 维护，且已与时间源同步`,
            }
          : {
              en: `${service} runs here${reason === "" ? "" : `; whether it has set the clock is not known: ${reason}`}`,
              zh: `此处运行着 ${service}${reason === "" ? "" : `；是否已校准时钟未知：${reason}`}`,
            };
  return [createEvidence({ node: node.name, source, atMs: held.sinceMs }, text)];
}

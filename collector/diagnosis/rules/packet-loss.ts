/** PACKET_LOSS: segments are sent again and again while the links are up: raft's messages wait for them. */
import { findIncrease } from "../../view/node-reading.ts";
import { eachNode } from "../each-node.ts";
import type { NodeLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import { formatRatio } from "../format.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";

/** Two intervals of the probe, and enough of each that a single lost segment proves nothing. */
const LEAST_MS = 15_000;
const LEAST_SENT = 200;
const LEAST_AGAIN = 10;
/** TCP backs off in a cut: its last attempts come this long after the link is seen up. */
const SETTLE_MS = 15_000;

export const packetLoss: Rule = {
  code: "PACKET_LOSS",
  layer: "network",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "packet-loss",
  holdMs: 0,
  quietMs: 60_000,
  evaluate: eachNode(evaluateNode),
};

function evaluateNode({ node, cluster, thresholds, sinceMs }: NodeLook): RuleOutcome {
  const subject = nodeSubject(node.name);
  const links = cluster.view.links.filter(({ from }) => from === node.member);
  const down = links.find(({ state }) => state === "down");
  // What was sent again into a cut says nothing of the link that is up again.
  const settledMs = Math.max(sinceMs, ...links.map((link) => (link.sinceMs ?? 0) + SETTLE_MS));
  const sent = findIncrease(node.state, { metric: "node_netstat_Tcp_OutSegs" }, settledMs);
  const again = findIncrease(node.state, { metric: "node_netstat_Tcp_RetransSegs" }, settledMs);
  if (down !== undefined) {
    const reason = {
      en: `${down.from} does not reach ${down.to} at all: what is sent again meanwhile tells nothing`,
      zh: `${down.from} 完全无法访问 ${down.to}：此时的重传不能说明问题`,
    };
    return { kind: "unknown", subject, reason };
  }
  if (sent === undefined || again === undefined || sent.overMs < LEAST_MS) {
    const reason = {
      en: `what ${node.name} sends again is not known yet`,
      zh: `尚不知道 ${node.name} 的重传情况`,
    };
    return { kind: "unknown", subject, reason, isBeyondOneLook: true };
  }
  const ratio = again.value / Math.max(1, sent.value);
  const share = formatRatio(ratio);
  const text = {
    en: `${again.value} of ${sent.value} segments were sent again (${share})`,
    zh: `${sent.value} 个段中重传 ${again.value} 个（${share}）`,
  };
  const isEnough = sent.value >= LEAST_SENT && again.value >= LEAST_AGAIN;
  if (!isEnough || ratio < thresholds.packetLossRatio) {
    return { kind: "ok", subject, because: text };
  }
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: { en: `Packets of ${node.name} are lost: ${share}`, zh: `${node.name} 丢包：${share}` },
    detail: {
      en: `${text.en}, over all connections of etcd's network namespace. Look at the interface's errors and drops (ip -s link) and at the switch; between which nodes it is, the other nodes' findings tell`,
      zh: `${text.zh}，统计范围为 etcd 所在网络命名空间的全部连接。请查看网卡错误和丢包（ip -s link）以及交换机；发生在哪些节点之间，请对照其他节点的结论`,
    },
    evidence: [
      createEvidence({ node: node.name, source: "/proc/net/snmp", atMs: again.atMs }, text, {
        value: Number(ratio.toFixed(4)),
        threshold: thresholds.packetLossRatio,
        unit: "ratio",
      }),
    ],
    confidence: "likely",
  };
}

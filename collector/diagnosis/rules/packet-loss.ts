/** PACKET_LOSS: segments are sent again and again while the links are up: raft's messages wait for them. */
import type { Text } from "../../../shared/text.ts";
import type { LinkView, NodeView } from "../../view/cluster-view.ts";
import { findIncrease } from "../../view/node-reading.ts";
import { eachNode } from "../each-node.ts";
import type { NodeLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import { formatRatio } from "../format.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import { proveResent } from "../peer-sockets.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";

/** Two intervals of the probe, and enough of each that a single lost segment proves nothing. */
const LEAST_MS = 15_000;
const LEAST_SENT = 200;
const LEAST_AGAIN = 10;
/** TCP backs off in a cut: its last attempts come this long after the link is seen up. */
const SETTLE_MS = 15_000;
/** Beyond what cuts explain: then a link that comes and goes has lost packets. */
const UNSETTLED_RATIO = 0.03;
const UNSETTLED_AGAIN = 30;
/** etcd dials a peer that it does not reach again and again, and each attempt is sent again: 1.8 to 2.9 a second were seen for each. */
const CUT_AGAIN_PER_SECOND = 4;
/** Over two intervals of the probe and no more: what was well before tells nothing of it. */
const UNSETTLED_SPAN_MS = 26_000;

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

interface Loss {
  readonly again: number;
  readonly sent: number;
  readonly atMs: number;
  readonly limit: number;
}

/** More than any cut explains, whatever the links look like at the moment. */
function findHeavyLoss(look: NodeLook, links: readonly LinkView[], sinceMs: number): Loss | undefined {
  const { node, thresholds } = look;
  const sent = findIncrease(node.state, { metric: "node_netstat_Tcp_OutSegs" }, sinceMs);
  const again = findIncrease(node.state, { metric: "node_netstat_Tcp_RetransSegs" }, sinceMs);
  const limit = Math.max(thresholds.packetLossRatio, UNSETTLED_RATIO);
  const cuts = links.filter(({ state, sinceMs: at }) => state === "down" || (at ?? 0) > sinceMs).length;
  const beyond = again === undefined ? 0 : again.value - (cuts * CUT_AGAIN_PER_SECOND * again.overMs) / 1000;
  const isHeavy =
    sent !== undefined &&
    again !== undefined &&
    sent.overMs >= LEAST_MS &&
    sent.value >= LEAST_SENT &&
    again.newest > 0 &&
    beyond >= UNSETTLED_AGAIN &&
    beyond >= limit * sent.value;
  return isHeavy ? { again: again.value, sent: sent.value, atMs: again.atMs, limit } : undefined;
}

interface Pause {
  readonly node: string;
  readonly endMs: number;
}

/** The last one of any machine of the cluster: to one that stands still everything is sent again, and by it when it goes on. */
function findPause({ cluster }: NodeLook): Pause | undefined {
  const pauses = cluster.view.nodes.flatMap(({ name, state }): readonly Pause[] => {
    const last = state.events.findLast(({ event: { kind } }) => kind === "agent_paused");
    const ms = Number(last?.event.attributes["milliseconds"] ?? 0);
    return last === undefined ? [] : [{ node: name, endMs: last.atMs + ms }];
  });
  return pauses.sort((one, other) => other.endMs - one.endMs)[0];
}

function evaluateNode(look: NodeLook): RuleOutcome {
  const outcome = judge(look, undefined);
  const pause = outcome.kind === "bad" ? findPause(look) : undefined;
  return pause === undefined ? outcome : judge(look, pause);
}

function judge(look: NodeLook, pause: Pause | undefined): RuleOutcome {
  const { node, cluster, thresholds, sinceMs } = look;
  const subject = nodeSubject(node.name);
  const goesOnMs = pause === undefined ? 0 : pause.endMs + SETTLE_MS;
  const links = cluster.view.links.filter(({ from }) => from === node.member);
  const down = links.find(({ state }) => state === "down");
  // What was sent again into a cut says nothing of the link that is up again; nor does what was sent again between two agents,
  // neither of which saw whether there was a cut.
  const settledMs = Math.max(
    sinceMs,
    goesOnMs,
    node.state.instanceSinceMs,
    ...links.map((link) => (link.sinceMs ?? 0) + SETTLE_MS),
  );
  const sent = findIncrease(node.state, { metric: "node_netstat_Tcp_OutSegs" }, settledMs);
  const again = findIncrease(node.state, { metric: "node_netstat_Tcp_RetransSegs" }, settledMs);
  const isSettled =
    down === undefined && sent !== undefined && again !== undefined && sent.overMs >= LEAST_MS;
  // Who reaches nobody dials all of them again and again, and sends little else: the share of what is sent again tells nothing.
  const peers = links.filter(({ port }) => port === "peer");
  const isCutOff = peers.length > 0 && peers.every(({ state }) => state === "down");
  const heavy =
    isSettled || isCutOff
      ? undefined
      : findHeavyLoss(
          look,
          peers,
          Math.max(cluster.nowMs - UNSETTLED_SPAN_MS, goesOnMs, node.state.instanceSinceMs),
        );
  if (heavy !== undefined) {
    return describe(cluster, node, heavy);
  }
  if (down !== undefined) {
    const reason = {
      en: `${down.from} does not reach ${down.to} at all: what is sent again meanwhile tells nothing`,
      zh: `${down.from} 完全无法访问 ${down.to}：此时的重传不能说明问题`,
    };
    // A loss that was told before would otherwise last as long as the cut.
    const isLong = (down.sinceMs ?? cluster.nowMs) <= cluster.nowMs - UNSETTLED_SPAN_MS;
    return { kind: "unknown", subject, reason, ...(isCutOff || isLong ? { isExplained: true } : {}) };
  }
  if (sent === undefined || again === undefined || sent.overMs < LEAST_MS) {
    if (pause !== undefined && settledMs === goesOnMs) {
      const reason = {
        en: `${pause.node} stood still for seconds: what was sent again meanwhile tells nothing`,
        zh: `${pause.node} 曾停顿数秒：此间的重传不能说明问题`,
      };
      return { kind: "unknown", subject, reason };
    }
    const reason = {
      en: `what ${node.name} sends again is not known yet`,
      zh: `尚不知道 ${node.name} 的重传情况`,
    };
    return { kind: "unknown", subject, reason, isBeyondOneLook: true };
  }
  const loss = {
    again: again.value,
    sent: sent.value,
    atMs: again.atMs,
    limit: thresholds.packetLossRatio,
  };
  const isEnough = sent.value >= LEAST_SENT && again.value >= LEAST_AGAIN;
  if (!isEnough || again.value / Math.max(1, sent.value) < thresholds.packetLossRatio) {
    return { kind: "ok", subject, because: sayLoss(loss) };
  }
  return describe(cluster, node, loss);
}

function sayLoss({ again, sent }: Loss): Text {
  const share = formatRatio(again / Math.max(1, sent));
  return {
    en: `${again} of ${sent} segments were sent again (${share})`,
    zh: `${sent} 个段中重传 ${again} 个（${share}）`,
  };
}

function describe(cluster: JudgedCluster, node: NodeView, loss: Loss): RuleOutcome {
  const ratio = loss.again / Math.max(1, loss.sent);
  const share = formatRatio(ratio);
  const text = sayLoss(loss);
  return {
    kind: "bad",
    subject: nodeSubject(node.name),
    severity: "warning",
    title: { en: `Packets of ${node.name} are lost: ${share}`, zh: `${node.name} 丢包：${share}` },
    detail: {
      en: `${text.en}, over all connections of etcd's network namespace. Look at the interface's errors and drops (ip -s link) and at the switch; between which nodes it is, the other nodes' findings tell`,
      zh: `${text.zh}，统计范围为 etcd 所在网络命名空间的全部连接。请查看网卡错误和丢包（ip -s link）以及交换机；发生在哪些节点之间，请对照其他节点的结论`,
    },
    evidence: [
      createEvidence({ node: node.name, source: "/proc/net/snmp", atMs: loss.atMs }, text, {
        value: Number(ratio.toFixed(4)),
        threshold: loss.limit,
        unit: "ratio",
      }),
      ...proveResent(cluster, node),
    ],
    confidence: "likely",
  };
}

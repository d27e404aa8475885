/** PACKET_LOSS: segments are sent again and again while the links are up: raft's messages wait for them. */
import type { Evidence } from "../../../shared/rest.ts";
import type { Text } from "../../../shared/text.ts";
import type { LinkView, NodeView } from "../../view/cluster-view.ts";
import { eachNode } from "../each-node.ts";
import type { NodeLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import { formatRatio } from "../format.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import { listResent, proveResent } from "../peer-sockets.ts";
import type { Resent } from "../peer-sockets.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";
import { listTcpLooks, measureTcpGrowth } from "../tcp-looks.ts";
import type { TcpGrowth } from "../tcp-looks.ts";

/** Enough that a single lost segment proves nothing. */
const LEAST_SENT = 200;
const LEAST_AGAIN = 10;
/**
 * While packets are lost the probe looks every three seconds. Of what was sent again at 5 % loss more than half was lost
 * between others that arrived, at 30 % an eighth; in cuts of every kind, and when they healed, nothing was.
 */
const PROOF_MS = 6000;
const LEAST_PROVEN = 6;
const LEAST_PROVEN_EACH = 2;
const PROVEN_SHARE = 0.25;
/** With less proof than that, or none: two intervals of the probe, */
const LEAST_MS = 15_000;
const SPAN_MS = 19_000;
/** and of links that are settled. TCP backs off in a cut: its last attempts come this long after the link is seen up. */
const SETTLE_MS = 15_000;
/** What was told before a cut is over once that has lasted so long. */
const LONG_CUT_MS = 26_000;
/** Of what was sent again to the other members: so much is no chance. */
const MOST_SHARE = 0.3;
/** Of all that was sent again, in less time: so little is somebody else's. */
const FEW_SHARE = 0.2;
/** A look at the connections knows of a loss that began so long before; */
const LOOKED_AFTER_MS = 3000;
/** and one that shows it is not so much older than what the counters show. */
const LOOKED_BEFORE_MS = 12_000;

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
  // Nor does what was sent again between two agents, neither of which saw whether there was a cut.
  const ownMs = Math.max(sinceMs, goesOnMs, node.state.instanceSinceMs);
  const ratio = thresholds.packetLossRatio;
  const looks = listTcpLooks(node.state, ownMs);
  const proof = measureTcpGrowth(looks, PROOF_MS);
  if (proof?.proven !== undefined && isLoss(proof, ratio) && isProven(proof, ratio)) {
    return describe(cluster, node, { ...proof, limit: ratio });
  }
  const links = cluster.view.links.filter(({ from }) => from === node.member);
  const down = links.find(({ state }) => state === "down");
  if (down !== undefined) {
    return { kind: "unknown", subject, ...explainCut(cluster, links, down) };
  }
  // What was sent again into a cut says nothing of the link that is up again.
  const settledMs = Math.max(ownMs, ...links.map((link) => (link.sinceMs ?? 0) + SETTLE_MS));
  const settled = looks.filter(({ atMs }) => atMs >= settledMs);
  const growth = measureTcpGrowth(settled, SPAN_MS);
  if (growth === undefined || growth.atMs - growth.fromMs < LEAST_MS) {
    if (proof?.proven !== undefined) {
      return { kind: "ok", subject, because: sayLoss(proof) };
    }
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
  // Little of it is proven where a kernel is old or little is sent.
  const isPossible = growth.proven === undefined || growth.leastProven > 0;
  return isPossible && isLoss(growth, ratio)
    ? describe(cluster, node, { ...growth, limit: ratio })
    : { kind: "ok", subject, because: sayLoss(growth) };
}

function isLoss({ sent, again }: TcpGrowth, ratio: number): boolean {
  return sent >= LEAST_SENT && again >= LEAST_AGAIN && again >= ratio * sent;
}

function isProven({ sent, proven = 0, leastProven }: TcpGrowth, ratio: number): boolean {
  return proven >= LEAST_PROVEN && leastProven >= LEAST_PROVEN_EACH && proven >= PROVEN_SHARE * ratio * sent;
}

function explainCut(
  cluster: JudgedCluster,
  links: readonly LinkView[],
  down: LinkView,
): { readonly reason: Text; readonly isExplained?: true } {
  const reason = {
    en: `${down.from} does not reach ${down.to} at all: what is sent again meanwhile tells nothing`,
    zh: `${down.from} 完全无法访问 ${down.to}：此时的重传不能说明问题`,
  };
  // A loss that was told before would otherwise last as long as the cut.
  const peers = links.filter(({ port }) => port === "peer");
  const isCutOff = peers.length > 0 && peers.every(({ state }) => state === "down");
  const isLong = (down.sinceMs ?? cluster.nowMs) <= cluster.nowMs - LONG_CUT_MS;
  return isCutOff || isLong ? { reason, isExplained: true } : { reason };
}

function sayLoss({ again, sent }: TcpGrowth): Text {
  const share = formatRatio(again / Math.max(1, sent));
  return {
    en: `${again} of ${sent} segments were sent again (${share})`,
    zh: `${sent} 个段中重传 ${again} 个（${share}）`,
  };
}

function describe(
  cluster: JudgedCluster,
  node: NodeView,
  loss: TcpGrowth & { readonly limit: number },
): RuleOutcome {
  const ratio = loss.again / Math.max(1, loss.sent);
  const share = formatRatio(ratio);
  const text = sayLoss(loss);
  const resent = pickResent(listResent(cluster, node), loss);
  const where = sayWhere(resent, loss);
  return {
    kind: "bad",
    subject: nodeSubject(node.name),
    severity: "warning",
    title: { en: `Packets of ${node.name} are lost: ${share}`, zh: `${node.name} 丢包：${share}` },
    detail: {
      en: `${text.en}, over all connections of etcd's network namespace. Look at the interface's errors and drops (ip -s link) and at the switch; ${where.en}`,
      zh: `${text.zh}，统计范围为 etcd 所在网络命名空间的全部连接。请查看网卡错误和丢包（ip -s link）以及交换机；${where.zh}`,
    },
    evidence: [
      createEvidence({ node: node.name, source: "/proc/net/snmp", atMs: loss.atMs }, text, {
        value: Number(ratio.toFixed(4)),
        threshold: loss.limit,
        unit: "ratio",
      }),
      ...proveNoCut(node, loss),
      ...proveResent(node, resent),
    ],
    confidence: "likely",
  };
}

function proveNoCut(node: NodeView, { proven, atMs }: TcpGrowth): readonly Evidence[] {
  if (proven === undefined || proven === 0) {
    return [];
  }
  const text = {
    en: `${proven} of them were lost between others that arrived: the way is lossy, and not cut`,
    zh: `其中 ${proven} 个丢失时，其前后的段已送达：是丢包，而非中断`,
  };
  return [createEvidence({ node: node.name, source: "/proc/net/netstat", atMs }, text)];
}

/** What looks at the connections know of this loss; none of it where they were all before. */
function pickResent(resent: readonly Resent[], { fromMs }: TcpGrowth): readonly Resent[] {
  const atMs = Math.min(...resent.map((one) => one.atMs));
  const isAfter = atMs >= fromMs + LOOKED_AFTER_MS;
  // While it lasts they come every ten seconds.
  const isDuring = atMs >= fromMs - LOOKED_BEFORE_MS && sumOf(resent) >= LEAST_AGAIN;
  return isAfter || isDuring ? resent : [];
}

function sumOf(resent: readonly Resent[]): number {
  return resent.reduce((sum, { value }) => sum + value, 0);
}

/** Between which nodes it is. */
function sayWhere(resent: readonly Resent[], { again }: TcpGrowth): Text {
  const total = sumOf(resent);
  if (total >= LEAST_AGAIN) {
    const most = resent.filter(({ value }) => value >= MOST_SHARE * total).map(({ to }) => to);
    return {
      en: `among the members it is mostly on the way to ${most.join(" and ")}`,
      zh: `成员之间主要发生在前往 ${most.join("、")} 的路径上`,
    };
  }
  return resent.length > 0 && total < FEW_SHARE * again
    ? {
        en: "the connections with the other members are hardly concerned, but those of clients or of other programs",
        zh: "与其他成员的连接几乎不受影响，涉及的是客户端或其他程序的连接",
      }
    : {
        en: "between which nodes it is, the other nodes' findings tell",
        zh: "发生在哪些节点之间，请对照其他节点的结论",
      };
}

/** PEER_LINK_DOWN: one member cannot reach another's peer port; directed, with the layer that fails. */
import type { Text } from "../../../shared/text.ts";
import type { LinkView } from "../../view/cluster-view.ts";
import { createEvidence } from "../evidence.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import { provePeerSockets } from "../peer-sockets.ts";
import { proveSlowLookup } from "../slow-lookup.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { RESPOND_WITHIN } from "../rule.ts";

export const peerLinkDown: Rule = {
  code: "PEER_LINK_DOWN",
  layer: "network",
  isFault: true,
  respondWithin: RESPOND_WITHIN,
  runbook: "peer-link-down",
  // The evidence has a window of its own: 1.4 s of retransmissions, or a call that was not answered for as long.
  holdMs: 0,
  quietMs: 3000,
  evaluate: (cluster, { fastTickMs }) =>
    cluster.view.links
      .filter(({ port }) => port === "peer")
      .map((link) => evaluateLink(cluster, link, cluster.nowMs - LOOKS_TO_SETTLE * fastTickMs)),
};

/** The agents look once a second, at different moments. */
const LOOKS_TO_SETTLE = 1.5;

/** settledMs: what began after it may be the end of a process, which that process's own agent tells with its next look. */
function evaluateLink(cluster: JudgedCluster, link: LinkView, settledMs: number): RuleOutcome {
  const subject = { kind: "link", name: link.from, peer: link.to } as const;
  if (isSudden(link) && link.sinceMs !== undefined && link.sinceMs > settledMs) {
    const reason = {
      en: `${link.to} has just hung up: whether its process has ended comes with the next look`,
      zh: `${link.to} 刚断开：其进程是否已退出要等下一次检查`,
    };
    return { kind: "unknown", subject, reason };
  }
  if (link.state === "unknown") {
    return { kind: "unknown", subject, reason: link.why };
  }
  if (link.state === "up") {
    return { kind: "ok", subject };
  }
  const layer = (["tcp", "tls", "http", "kernel"] as const).find((name) => link[name] === "failed") ?? "tcp";
  const shown =
    layer === "kernel"
      ? { en: "etcd's own connection", zh: "etcd 自己的连接" }
      : { en: layer.toUpperCase(), zh: layer.toUpperCase() };
  const source = layer === "kernel" ? "/proc/net/tcp" : "peer port";
  const isBySize = link.large === "failed";
  const { node, atMs, largeText } = link;
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: isBySize
      ? {
          en: `${link.from} reaches ${link.to}'s peer port with small packets only`,
          zh: `${link.from} 只有小包能到达 ${link.to} 的对等端口`,
        }
      : {
          en: `${link.from} cannot reach ${link.to}'s peer port (${shown.en})`,
          zh: `${link.from} 无法访问 ${link.to} 的对等端口（${shown.zh}）`,
        },
    detail: isBySize ? sayLossBySize(link) : link.why,
    evidence:
      node === undefined || atMs === undefined
        ? []
        : [
            createEvidence({ node, source, atMs }, link.why),
            ...proveSlowLookup(link),
            ...provePeerSockets(cluster, link),
            ...(isBySize
              ? [createEvidence({ node, source: "request of 6 KiB", atMs }, { en: largeText, zh: largeText })]
              : []),
          ],
    ...(link.sinceMs === undefined ? {} : { sinceMs: link.sinceMs }),
  };
}

function sayLossBySize({ why, from, to }: LinkView): Text {
  return {
    en: `${why.en}. Small requests are answered, one of 6 KiB is lost on the way: a smaller MTU between ${from} and ${to} (a tunnel, an overlay, one switch), or a filter that drops large packets or ICMP "fragmentation needed". Test on ${from}: ping -M do -s 1472 to ${to}; compare ip link on both`,
    zh: `${why.zh}。小请求有应答，6 KiB 的请求在途中丢失：${from} 与 ${to} 之间存在更小的 MTU（隧道、overlay 或某台交换机），或有规则丢弃大包或 ICMP “fragmentation needed”。请在 ${from} 上对 ${to} 执行 ping -M do -s 1472，并比较两端的 ip link`,
  };
}

/** Refused, or all of etcd's connections gone at once: the network works, and the other end has closed. */
function isSudden(link: LinkView): boolean {
  const isGone = link.kernel === "failed" && link.connections === 0;
  return link.state === "down" && (link.errorCode === "refused" || (isGone && link.errorCode === ""));
}

/** PEER_LINK_DOWN: one member cannot reach another's peer port; directed, with the layer that fails. */
import type { LinkView } from "../../view/cluster-view.ts";
import { createEvidence } from "../evidence.ts";
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
      .map((link) => evaluateLink(link, cluster.nowMs - LOOKS_TO_SETTLE * fastTickMs)),
};

/** The agents look once a second, at different moments. */
const LOOKS_TO_SETTLE = 1.5;

/** settledMs: what began after it may be the end of a process, which that process's own agent tells with its next look. */
function evaluateLink(link: LinkView, settledMs: number): RuleOutcome {
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
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: {
      en: `${link.from} cannot reach ${link.to}'s peer port (${shown.en})`,
      zh: `${link.from} 无法访问 ${link.to} 的对等端口（${shown.zh}）`,
    },
    detail: link.why,
    evidence:
      link.node === undefined || link.atMs === undefined
        ? []
        : [createEvidence({ node: link.node, source, atMs: link.atMs }, link.why)],
    ...(link.sinceMs === undefined ? {} : { sinceMs: link.sinceMs }),
  };
}

/** Refused, or all of etcd's connections gone at once: the network works, and the other end has closed. */
function isSudden(link: LinkView): boolean {
  const isGone = link.kernel === "failed" && link.connections === 0;
  return link.state === "down" && (link.errorCode === "refused" || (isGone && link.errorCode === ""));
}

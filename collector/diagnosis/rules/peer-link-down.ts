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
  evaluate: (cluster) => cluster.view.links.filter(({ port }) => port === "peer").map(evaluateLink),
};

function evaluateLink(link: LinkView): RuleOutcome {
  const subject = { kind: "link", name: link.from, peer: link.to } as const;
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

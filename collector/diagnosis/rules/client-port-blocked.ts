/** CLIENT_PORT_BLOCKED: a member is well, and another node does not reach its client port: clients from there fail, nothing else shows it. */
import type { LinkView } from "../../view/cluster-view.ts";
import { createEvidence } from "../evidence.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import { findMember } from "../judged-cluster.ts";
import { provePort } from "../port-evidence.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { RESPOND_WITHIN } from "../rule.ts";

export const clientPortBlocked: Rule = {
  code: "CLIENT_PORT_BLOCKED",
  layer: "network",
  isFault: true,
  respondWithin: RESPOND_WITHIN,
  runbook: "client-port-blocked",
  // A cut of both ports is seen on the one a little before the other.
  holdMs: 5000,
  quietMs: 6000,
  evaluate: (cluster) =>
    cluster.view.links.filter(({ port }) => port === "client").map((link) => evaluateLink(cluster, link)),
};

function evaluateLink(cluster: JudgedCluster, link: LinkView): RuleOutcome {
  const subject = { kind: "link", name: link.from, peer: link.to } as const;
  const peer = cluster.view.links.find(
    ({ from, to, port }) => from === link.from && to === link.to && port === "peer",
  );
  const own = findMember(cluster, link.to)?.view.viewpoints.find(({ isOwn }) => isOwn)?.answer;
  if (link.state === "unknown") {
    return { kind: "unknown", subject, reason: link.why };
  }
  if (link.state === "up" || link.tls === "failed" || link.tcp !== "failed") {
    return { kind: "ok", subject };
  }
  if (own === undefined || own === "stale") {
    const reason = {
      en: `whether ${link.to} answers on its own node is not known`,
      zh: `不知道 ${link.to} 在本机是否有应答`,
    };
    return { kind: "unknown", subject, reason, isBeyondOneLook: true };
  }
  if (own !== "answers" || peer?.state !== "up") {
    return { kind: "ok", subject };
  }
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: {
      en: `The client port of ${link.to} is blocked for ${link.from}; the member is well`,
      zh: `${link.from} 无法访问 ${link.to} 的客户端端口，而该成员正常`,
    },
    detail: {
      en: `${link.why.en}; on its own node it answers, and its peer port is open. Clients that go there time out: look for a firewall rule for ${link.address}, and at --listen-client-urls on ${link.to}`,
      zh: `${link.why.zh}；它在本机有应答，对等端口可达。访问它的客户端会超时：请检查 ${link.address} 的防火墙规则，以及 ${link.to} 的 --listen-client-urls`,
    },
    evidence: [
      ...[link, peer].flatMap(({ node, atMs, port, why }) =>
        node === undefined || atMs === undefined
          ? []
          : [createEvidence({ node, source: `${port} port`, atMs }, why)],
      ),
      ...provePort(cluster, link),
    ],
    ...(link.sinceMs === undefined ? {} : { sinceMs: link.sinceMs }),
  };
}

/** PEER_PORT_BLOCKED: one node reaches another's client port and not its peer port: a firewall, or a listener that is missing. */
import type { LinkView } from "../../view/cluster-view.ts";
import { createEvidence } from "../evidence.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import { provePort } from "../port-evidence.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { RESPOND_WITHIN } from "../rule.ts";

export const peerPortBlocked: Rule = {
  code: "PEER_PORT_BLOCKED",
  layer: "network",
  isFault: true,
  respondWithin: RESPOND_WITHIN,
  runbook: "peer-port-blocked",
  // A cut of both ports is seen on the one a little before the other.
  holdMs: 4000,
  quietMs: 6000,
  evaluate: (cluster) =>
    cluster.view.links.filter(({ port }) => port === "peer").map((link) => evaluateLink(cluster, link)),
};

function evaluateLink(cluster: JudgedCluster, link: LinkView): RuleOutcome {
  const subject = { kind: "link", name: link.from, peer: link.to } as const;
  const client = cluster.view.links.find(
    ({ from, to, port }) => from === link.from && to === link.to && port === "client",
  );
  if (link.state === "unknown" || client === undefined || client.state === "unknown") {
    return {
      kind: "unknown",
      subject,
      reason: link.state === "unknown" ? link.why : (client?.why ?? link.why),
    };
  }
  // TLS that fails, or a name that does not resolve, is not a port that is shut.
  const isShut =
    link.state === "down" &&
    link.errorCode !== "dns" &&
    link.http !== "ok" &&
    link.tls !== "failed" &&
    (link.tcp === "failed" || link.kernel === "failed");
  if (!isShut || client.state !== "up") {
    return { kind: "ok", subject };
  }
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: {
      en: `The peer port of ${link.to} is blocked for ${link.from}, the client port is open`,
      zh: `${link.from} 无法访问 ${link.to} 的对等端口，而客户端端口可达`,
    },
    detail: {
      en: `${link.why.en}; ${client.why.en}. So the node and its network are up: look for a firewall rule or security group for ${link.address}, and at --listen-peer-urls on ${link.to}`,
      zh: `${link.why.zh}；${client.why.zh}。说明节点和网络正常：请检查 ${link.address} 的防火墙规则或安全组，以及 ${link.to} 的 --listen-peer-urls`,
    },
    evidence: [
      ...[link, client].flatMap(({ node, atMs, port, why }) =>
        node === undefined || atMs === undefined
          ? []
          : [createEvidence({ node, source: `${port} port`, atMs }, why)],
      ),
      ...provePort(cluster, link),
    ],
    ...(link.sinceMs === undefined ? {} : { sinceMs: link.sinceMs }),
  };
}

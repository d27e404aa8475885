/** ASYMMETRIC_LINK: two members reach each other one way only, which confuses elections more than a clean cut. */
import type { LinkView } from "../../view/cluster-view.ts";
import { createEvidence } from "../evidence.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import { findMember } from "../judged-cluster.ts";
import { isUp } from "../member-state.ts";
import { provePeerSockets } from "../peer-sockets.ts";
import { proveFirewall } from "../port-evidence.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { RESPOND_WITHIN } from "../rule.ts";

export const asymmetricLink: Rule = {
  code: "ASYMMETRIC_LINK",
  layer: "network",
  isFault: true,
  respondWithin: RESPOND_WITHIN,
  runbook: "asymmetric-link",
  // The two ends see a cut, and its end, at different moments.
  holdMs: 10_000,
  quietMs: 11_000,
  evaluate: (cluster) =>
    cluster.view.links.filter(({ port }) => port === "peer").map((link) => evaluateLink(cluster, link)),
};

function evaluateLink(cluster: JudgedCluster, link: LinkView): RuleOutcome {
  const subject = { kind: "link", name: link.from, peer: link.to } as const;
  const back = cluster.view.links.find(
    ({ from, to, port }) => from === link.to && to === link.from && port === "peer",
  );
  if (link.state === "unknown") {
    return { kind: "unknown", subject, reason: link.why };
  }
  if (back === undefined || back.state === "unknown") {
    return { kind: "unknown", subject, reason: back?.why ?? link.why, isBeyondOneLook: true };
  }
  // Who does not run still reaches the others: its agent does.
  const areUp = [link.from, link.to].every((name) => {
    const member = findMember(cluster, name);
    return member !== undefined && isUp(member.state);
  });
  if (link.state !== "down" || back.state !== "up" || !areUp) {
    return { kind: "ok", subject };
  }
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: {
      en: `${link.from} does not reach ${link.to}, the other way works`,
      zh: `${link.from} 无法访问 ${link.to}，反向正常`,
    },
    detail: {
      en: `${link.why.en}; from ${back.from}: ${back.why.en}. New connections fail one way only: compare the firewall rules and certificates of the two nodes`,
      zh: `${link.why.zh}；从 ${back.from} 看：${back.why.zh}。只有一个方向的新连接失败：请对比两个节点的防火墙规则和证书`,
    },
    evidence: [
      ...[link, back].flatMap(({ node, atMs, why }) =>
        node === undefined || atMs === undefined
          ? []
          : [createEvidence({ node, source: "peer port", atMs }, why)],
      ),
      ...provePeerSockets(cluster, link),
      ...proveFirewall(cluster, link),
    ],
    ...(link.sinceMs === undefined ? {} : { sinceMs: link.sinceMs }),
  };
}

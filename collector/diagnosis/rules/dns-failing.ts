/** DNS_FAILING: the name in another member's address does not resolve on this node: etcd cannot dial it anew. */
import type { LinkView } from "../../view/cluster-view.ts";
import { createEvidence } from "../evidence.ts";
import { proveSlowLookup } from "../slow-lookup.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { RESPOND_WITHIN } from "../rule.ts";

export const dnsFailing: Rule = {
  code: "DNS_FAILING",
  layer: "network",
  isFault: true,
  respondWithin: RESPOND_WITHIN,
  runbook: "dns-failing",
  // A name server that misses one question.
  holdMs: 5000,
  quietMs: 10_000,
  evaluate: (cluster) => cluster.view.links.filter(({ port }) => port === "peer").map(evaluateLink),
};

function evaluateLink(link: LinkView): RuleOutcome {
  const subject = { kind: "link", name: link.from, peer: link.to } as const;
  if (link.node === undefined) {
    return { kind: "unknown", subject, reason: link.why };
  }
  if (link.errorCode !== "dns") {
    return { kind: "ok", subject };
  }
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: {
      en: `${link.from} cannot resolve the name of ${link.to}: ${link.address}`,
      zh: `${link.from} 无法解析 ${link.to} 的名称：${link.address}`,
    },
    detail: {
      en: `${link.why.en}. Connections that are up live on; a new one fails. Test on ${link.node}: getent hosts NAME; look at /etc/resolv.conf and /etc/hosts there`,
      zh: `${link.why.zh}。已建立的连接继续有效，新连接会失败。请在 ${link.node} 上执行 getent hosts NAME，并检查 /etc/resolv.conf 和 /etc/hosts`,
    },
    evidence:
      link.atMs === undefined
        ? []
        : [
            createEvidence({ node: link.node, source: "name service", atMs: link.atMs }, link.why),
            ...proveSlowLookup(link),
          ],
    ...(link.sinceMs === undefined ? {} : { sinceMs: link.sinceMs }),
  };
}

/** CERT_EXPIRED: a certificate that etcd or the agent uses on this node is past its end. */
import type { CertificateFact } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Evidence } from "../../../shared/rest.ts";
import type { NodeView } from "../../view/cluster-view.ts";
import { listFacts } from "../../view/node-reading.ts";
import { proveByPeers } from "../certificate-sayings.ts";
import { createEvidence, findSilence } from "../evidence.ts";
import { formatDuration, formatTime } from "../format.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import { sayPlainText } from "../plain-text.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";

export const certExpired: Rule = {
  code: "CERT_EXPIRED",
  layer: "config",
  isFault: true,
  respondWithin: { ...RESPOND_WITHIN, critical: "0s" },
  runbook: "cert-expired",
  holdMs: 0,
  quietMs: 2000,
  evaluate: (cluster) => cluster.view.nodes.map((node) => evaluateNode(node, cluster)),
};

function evaluateNode(node: NodeView, cluster: JudgedCluster): RuleOutcome {
  const { nowMs } = cluster;
  const subject = nodeSubject(node.name);
  const silence = findSilence(node);
  if (silence !== undefined) {
    return silence;
  }
  const all = listFacts(node.state, "certificate");
  const read = all.filter(({ problem }) => problem === "");
  const expired = read.filter(({ notAfterUnixMs }) => Number(notAfterUnixMs) <= nowMs);
  const sayings = proveByPeers(cluster, node, ["CERT_EXPIRED"]);
  if (expired.length > 0) {
    return describe(node, expired, sayings);
  }
  const unread = all.find(({ problem }) => problem !== "");
  if ((read.length === 0 || unread !== undefined) && sayings.length > 0) {
    return describeSayings(node, sayings);
  }
  const plain = all.length === 0 ? sayPlainText(node) : undefined;
  if (plain !== undefined) {
    return { kind: "ok", subject, because: plain };
  }
  if (read.length === 0 || unread !== undefined) {
    const reason =
      unread === undefined
        ? { en: `no certificate is known on ${node.name}`, zh: `${node.name} 上没有已知证书` }
        : {
            en: `${unread.path} could not be read: ${unread.problem}`,
            zh: `无法读取 ${unread.path}：${unread.problem}`,
          };
    return { kind: "unknown", subject, reason };
  }
  const left = formatDuration(Math.min(...read.map(({ notAfterUnixMs }) => Number(notAfterUnixMs))) - nowMs);
  const because = { en: `certificates valid for ${left.en}`, zh: `证书有效期还有 ${left.zh}` };
  return { kind: "ok", subject, because };
}

/** By the logs alone: which file it is, they do not tell. */
function describeSayings(node: NodeView, sayings: readonly Evidence[]): RuleOutcome {
  return {
    kind: "bad",
    subject: nodeSubject(node.name),
    severity: "critical",
    title: {
      en: `A certificate of ${node.name} has expired, as the members' logs say`,
      zh: `成员日志显示 ${node.name} 的证书已过期`,
    },
    detail: {
      en: "Its files could not be read by the agent. New connections are refused, established ones live on: it may fail only at its next restart",
      zh: "代理无法读取其证书文件。新连接会被拒绝，已建立的连接继续有效：可能到下次重启才失败",
    },
    evidence: sayings,
    confidence: "likely",
  };
}

function describe(
  node: NodeView,
  expired: readonly CertificateFact[],
  sayings: readonly Evidence[],
): RuleOutcome {
  const roles = expired.map(({ role }) => role).join(", ");
  const paths = [...new Set(expired.map(({ path }) => path))].join(", ");
  const endMs = Math.min(...expired.map(({ notAfterUnixMs }) => Number(notAfterUnixMs)));
  const day = formatTime(endMs).slice(0, 10);
  return {
    kind: "bad",
    subject: nodeSubject(node.name),
    // What only lies in the folder may be of no use to anybody any more.
    severity: expired.every(({ role }) => role.startsWith("folder/")) ? "info" : "critical",
    title: {
      en: `Certificate expired on ${node.name} ${day}: ${roles}`,
      zh: `${node.name} 上证书已于 ${day} 过期：${roles}`,
    },
    detail: {
      en: `${paths}; new connections are refused, established ones live on: it may fail only at its next restart`,
      zh: `${paths}；新连接会被拒绝，已建立的连接继续有效：可能到下次重启才失败`,
    },
    evidence: [
      ...expired.map((certificate) => {
        const end = formatTime(Number(certificate.notAfterUnixMs));
        const text = {
          en: `${certificate.path} (${certificate.subject}) ended ${end}`,
          zh: `${certificate.path}（${certificate.subject}）已于 ${end} 到期`,
        };
        return createEvidence({ node: node.name, source: "certificate file", atMs: node.state.atMs }, text);
      }),
      ...sayings,
    ],
    sinceMs: endMs,
  };
}

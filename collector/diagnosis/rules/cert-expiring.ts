/** CERT_EXPIRING: a certificate that etcd or the agent uses on this node ends soon. */
import type { NodeView } from "../../view/cluster-view.ts";
import { listFacts } from "../../view/node-reading.ts";
import { createEvidence, findSilence } from "../evidence.ts";
import { formatDuration } from "../format.ts";
import { sayPlainText } from "../plain-text.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject } from "../rule.ts";
import type { Thresholds } from "../thresholds.ts";

const DAY_MS = 86_400_000;

export const certExpiring: Rule = {
  code: "CERT_EXPIRING",
  layer: "config",
  isFault: false,
  respondWithin: { critical: "1d", warning: "7d", info: "30d" },
  runbook: "cert-expiring",
  holdMs: 0,
  quietMs: 2000,
  evaluate: (cluster, thresholds) =>
    cluster.view.nodes.map((node) => evaluateNode(node, cluster.nowMs, thresholds)),
};

function evaluateNode(node: NodeView, nowMs: number, thresholds: Thresholds): RuleOutcome {
  const subject = nodeSubject(node.name);
  const silence = findSilence(node);
  if (silence !== undefined) {
    return silence;
  }
  const plain = listFacts(node.state, "certificate").length === 0 ? sayPlainText(node) : undefined;
  if (plain !== undefined) {
    return { kind: "ok", subject, because: plain };
  }
  const read = listFacts(node.state, "certificate")
    .filter(({ problem }) => problem === "")
    .map((certificate) => ({ certificate, leftMs: Number(certificate.notAfterUnixMs) - nowMs }));
  if (read.length === 0) {
    const reason = { en: `no certificate is known on ${node.name}`, zh: `${node.name} 上没有已知证书` };
    return { kind: "unknown", subject, reason };
  }
  const soon = read.filter(({ leftMs }) => leftMs > 0 && leftMs < thresholds.certWarningDays * DAY_MS);
  if (soon.length === 0) {
    return { kind: "ok", subject };
  }
  const firstMs = Math.min(...soon.map(({ leftMs }) => leftMs));
  const left = formatDuration(firstMs);
  const roles = soon.map(({ certificate }) => certificate.role).join(", ");
  return {
    kind: "bad",
    subject,
    severity: firstMs < thresholds.certCriticalDays * DAY_MS ? "critical" : "warning",
    title: {
      en: `Certificate on ${node.name} ends in ${left.en}: ${roles}`,
      zh: `${node.name} 上的证书将在 ${left.zh}后到期：${roles}`,
    },
    detail: {
      en: "Renew it before its end; etcd reads certificate files anew for each connection, the CA bundle only at start",
      zh: "请在到期前更新；etcd 每次建立连接都会重新读取证书文件，CA 文件只在启动时读取",
    },
    evidence: soon.map(({ certificate, leftMs }) => {
      const days = formatDuration(leftMs);
      const text = {
        en: `${certificate.path} (${certificate.subject}) ends in ${days.en}`,
        zh: `${certificate.path}（${certificate.subject}）将在 ${days.zh}后到期`,
      };
      return createEvidence({ node: node.name, source: "certificate file", atMs: node.state.atMs }, text, {
        value: Number((leftMs / DAY_MS).toFixed(1)),
        threshold: thresholds.certWarningDays,
        unit: "days",
      });
    }),
  };
}

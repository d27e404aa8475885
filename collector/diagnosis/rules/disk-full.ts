/** DISK_FULL: the filesystem of the data or WAL directory has no room for etcd's next step of growth. */
import type { NodeView } from "../../view/cluster-view.ts";
import { createEvidence, findSilence } from "../evidence.ts";
import { listSpaces } from "../filesystem-space.ts";
import { formatBytes } from "../format.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";
import type { Thresholds } from "../thresholds.ts";

export const diskFull: Rule = {
  code: "DISK_FULL",
  layer: "storage",
  isFault: true,
  respondWithin: { ...RESPOND_WITHIN, critical: "0s" },
  runbook: "disk-full",
  holdMs: 0,
  quietMs: 5000,
  evaluate: (cluster, thresholds) =>
    cluster.view.nodes.map((node) => evaluateNode(node, cluster.nowMs, thresholds)),
};

function evaluateNode(node: NodeView, nowMs: number, thresholds: Thresholds): RuleOutcome {
  const subject = nodeSubject(node.name);
  const silence = findSilence(node);
  if (silence !== undefined) {
    return silence;
  }
  const spaces = listSpaces(node, nowMs - thresholds.normalStaleMs);
  if (spaces.length === 0) {
    const reason = {
      en: `no size of etcd's filesystems came from ${node.name} lately`,
      zh: `最近没有收到 ${node.name} 上 etcd 文件系统的大小`,
    };
    return { kind: "unknown", subject, reason };
  }
  const full = spaces.filter(({ availBytes }) => availBytes < thresholds.diskFullBytes);
  const said = (full.length > 0 ? full : spaces).map(({ path, availBytes, sizeBytes }) => {
    const [free, size] = [formatBytes(availBytes), formatBytes(sizeBytes)];
    return { en: `${path} has ${free} of ${size} free`, zh: `${path} 剩余 ${free}，共 ${size}` };
  });
  const text = { en: said.map(({ en }) => en).join(", "), zh: said.map(({ zh }) => zh).join("，") };
  if (full.length === 0) {
    return { kind: "ok", subject, because: text };
  }
  const least = formatBytes(thresholds.diskFullBytes);
  return {
    kind: "bad",
    subject,
    severity: "critical",
    title: { en: `Disk full on ${node.name}: ${text.en}`, zh: `${node.name} 磁盘已满：${text.zh}` },
    detail: {
      en: `with less than ${least} free, etcd exits when it next grows a file`,
      zh: `剩余不足 ${least} 时，etcd 下次扩展文件就会退出`,
    },
    evidence: full.map(({ atMs, availBytes }, index) =>
      createEvidence({ node: node.name, source: "statfs", atMs }, said[index] ?? text, {
        value: availBytes,
        threshold: thresholds.diskFullBytes,
        unit: "bytes",
      }),
    ),
  };
}

/** DISK_NEARLY_FULL: little room is left on the filesystem of the data or WAL directory. */
import type { NodeView } from "../../view/cluster-view.ts";
import { createEvidence, findSilence } from "../evidence.ts";
import { listSpaces } from "../filesystem-space.ts";
import { formatBytes, formatRatio } from "../format.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";
import type { Thresholds } from "../thresholds.ts";

export const diskNearlyFull: Rule = {
  code: "DISK_NEARLY_FULL",
  layer: "storage",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "disk-nearly-full",
  holdMs: 0,
  quietMs: 30_000,
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
  const near = spaces.filter(
    ({ availBytes, sizeBytes }) =>
      availBytes >= thresholds.diskFullBytes && availBytes < sizeBytes * thresholds.diskNearlyFullRatio,
  );
  if (near.length === 0) {
    return { kind: "ok", subject };
  }
  const said = near.map(({ path, availBytes, sizeBytes }) => {
    const [free, size] = [formatBytes(availBytes), formatBytes(sizeBytes)];
    const ratio = formatRatio(availBytes / sizeBytes);
    return {
      en: `${path} has ${free} of ${size} free (${ratio})`,
      zh: `${path} 剩余 ${free}，共 ${size}（${ratio}）`,
    };
  });
  const text = { en: said.map(({ en }) => en).join(", "), zh: said.map(({ zh }) => zh).join("，") };
  const least = formatRatio(thresholds.diskNearlyFullRatio);
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: {
      en: `Disk nearly full on ${node.name}: ${text.en}`,
      zh: `${node.name} 磁盘即将写满：${text.zh}`,
    },
    detail: {
      en: `told below ${least} free; etcd exits when it is full`,
      zh: `低于 ${least} 时提示；写满后 etcd 会退出`,
    },
    evidence: near.map(({ atMs, availBytes, sizeBytes }, index) =>
      createEvidence({ node: node.name, source: "statfs", atMs }, said[index] ?? { en: "", zh: "" }, {
        value: availBytes,
        threshold: Math.round(sizeBytes * thresholds.diskNearlyFullRatio),
        unit: "bytes",
      }),
    ),
  };
}

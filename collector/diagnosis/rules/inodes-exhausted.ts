/** INODES_EXHAUSTED: the filesystem has bytes left but no room for another file, which etcd meets at its next WAL file or snapshot. */
import { eachNode } from "../each-node.ts";
import type { NodeLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import { listInodes } from "../filesystem-space.ts";
import { findPoint } from "../../view/node-reading.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";

export const inodesExhausted: Rule = {
  code: "INODES_EXHAUSTED",
  layer: "storage",
  isFault: true,
  respondWithin: RESPOND_WITHIN,
  runbook: "inodes-exhausted",
  holdMs: 0,
  quietMs: 5000,
  evaluate: eachNode(evaluateNode),
};

function evaluateNode({ node, thresholds, sinceMs }: NodeLook): RuleOutcome {
  const subject = nodeSubject(node.name);
  const all = listInodes(node, sinceMs);
  const first = all[0];
  if (first === undefined) {
    const counted = findPoint(
      node.state,
      { metric: "node_filesystem_files", labels: { role: "data" } },
      sinceMs,
    );
    if (counted?.value === 0) {
      const because = { en: "the filesystem has no limit of inodes", zh: "文件系统没有 inode 上限" };
      return { kind: "ok", subject, because };
    }
    const reason = {
      en: `no count of inodes came from ${node.name} lately`,
      zh: `最近没有收到 ${node.name} 的 inode 数`,
    };
    return { kind: "unknown", subject, reason };
  }
  const bad = all.filter(
    ({ free, all: most }) => free < thresholds.inodesFree || free < most * thresholds.inodesNearRatio,
  );
  const say = ({ path, free, all: most }: typeof first): { readonly en: string; readonly zh: string } => ({
    en: `${path} has ${free} of ${most} inodes free`,
    zh: `${path} 剩余 inode ${free}，共 ${most}`,
  });
  const worst = bad.toSorted((one, other) => one.free - other.free)[0];
  if (worst === undefined) {
    return { kind: "ok", subject, because: say(first) };
  }
  const isOut = worst.free < thresholds.inodesFree;
  const text = say(worst);
  return {
    kind: "bad",
    subject,
    severity: isOut ? "critical" : "warning",
    title: isOut
      ? { en: `No inodes left on ${node.name}: ${text.en}`, zh: `${node.name} inode 耗尽：${text.zh}` }
      : { en: `Few inodes left on ${node.name}: ${text.en}`, zh: `${node.name} inode 即将耗尽：${text.zh}` },
    detail: {
      en: "etcd goes on until it needs another file (a WAL segment, a snapshot) and exits then, with bytes to spare. Find the directory with the many small files: find DIR -xdev -type f | wc -l",
      zh: "etcd 会继续运行，直到需要新文件（WAL 段、快照）时退出，即使还有空间。请查找小文件最多的目录：find DIR -xdev -type f | wc -l",
    },
    evidence: bad.map((one) =>
      createEvidence({ node: node.name, source: "statfs", atMs: one.atMs }, say(one), {
        value: one.free,
        threshold: Math.max(thresholds.inodesFree, Math.round(one.all * thresholds.inodesNearRatio)),
        unit: "inodes",
      }),
    ),
  };
}

/** FS_READ_ONLY: etcd's filesystem is mounted read-only, as the kernel does to one with errors: its next write ends etcd. */
import { listFacts } from "../../view/node-reading.ts";
import { eachNode } from "../each-node.ts";
import type { NodeLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";

export const fsReadOnly: Rule = {
  code: "FS_READ_ONLY",
  layer: "storage",
  isFault: true,
  respondWithin: { ...RESPOND_WITHIN, critical: "0s" },
  runbook: "fs-read-only",
  holdMs: 0,
  quietMs: 5000,
  evaluate: eachNode(evaluateNode),
};

function evaluateNode({ node }: NodeLook): RuleOutcome {
  const subject = nodeSubject(node.name);
  const known = listFacts(node.state, "filesystem").filter(({ mountPoint }) => mountPoint !== "");
  const first = known[0];
  if (first === undefined) {
    const reason = {
      en: `where etcd's directories on ${node.name} are mounted is not known`,
      zh: `不知道 ${node.name} 上 etcd 目录的挂载位置`,
    };
    return { kind: "unknown", subject, reason };
  }
  const bad = known.filter(({ readOnly }) => readOnly);
  const worst = bad[0];
  if (worst === undefined) {
    const because = { en: `${first.mountPoint} is mounted for writing`, zh: `${first.mountPoint} 可写` };
    return { kind: "ok", subject, because };
  }
  const device = worst.device === "" ? "" : ` (${worst.device})`;
  return {
    kind: "bad",
    subject,
    severity: "critical",
    title: {
      en: `etcd's filesystem on ${node.name} is read-only: ${worst.mountPoint}${device}`,
      zh: `${node.name} 上 etcd 的文件系统为只读：${worst.mountPoint}${device}`,
    },
    detail: {
      en: "The kernel remounts a filesystem with errors so: read dmesg before anything else, and do not remount it for writing before it was checked. If the disk is broken, replace the member",
      zh: "内核会把出错的文件系统改为只读：请先查看 dmesg，检查之前不要重新以可写方式挂载。磁盘损坏则应更换该成员",
    },
    evidence: bad.map(({ path, mountPoint, type }) =>
      createEvidence(
        { node: node.name, source: "mountinfo", atMs: node.state.atMs },
        { en: `${path} on ${mountPoint} (${type}): ro`, zh: `${path} 位于 ${mountPoint}（${type}）：只读` },
      ),
    ),
  };
}

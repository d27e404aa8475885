/** WAL_FILE_MISSING: a file in the middle of the WAL is gone. etcd serves on with what it has open, and does not start again. */
import { findFact } from "../../view/node-reading.ts";
import { eachMember } from "../each-node.ts";
import type { MemberLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { memberSubject, RESPOND_WITHIN } from "../rule.ts";

export const walFileMissing: Rule = {
  code: "WAL_FILE_MISSING",
  layer: "storage",
  isFault: true,
  respondWithin: RESPOND_WITHIN,
  runbook: "wal-file-missing",
  // Seen twice: the names are read one after the other while etcd renames.
  holdMs: 60_000,
  quietMs: 70_000,
  evaluate: eachMember(evaluateMember),
};

function evaluateMember({ member, node }: MemberLook): RuleOutcome {
  const subject = memberSubject(member.name);
  const held = findFact(node.state, "etcd_files", "etcdFiles");
  const wal = held?.body.groups.find(({ kind }) => kind === "wal");
  if (held === undefined || wal === undefined) {
    const reason = {
      en: `the WAL files of ${member.name} have not been seen`,
      zh: `未看到 ${member.name} 的 WAL 文件`,
    };
    return { kind: "unknown", subject, reason };
  }
  if (wal.missingNumber === 0n) {
    const because = { en: `${wal.count} WAL files without a gap`, zh: `${wal.count} 个 WAL 文件连续` };
    return { kind: "ok", subject, because };
  }
  const name = `${wal.missingNumber.toString(16).padStart(16, "0")}-….wal`;
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: { en: `A file of ${member.name}'s WAL is missing`, zh: `${member.name} 缺少一个 WAL 文件` },
    detail: {
      en: `${name} is not there, and newer ones are: etcd serves on, but it will not start again. Do not restart it; replace it while the others serve`,
      zh: `${name} 不存在，而更新的文件存在：etcd 目前仍可服务，但无法再次启动。请勿重启；趁其他成员可用时替换它`,
    },
    evidence: [
      createEvidence(
        { node: node.name, source: "directory of the WAL", atMs: held.sinceMs },
        { en: `${name} is missing among ${wal.count} files`, zh: `${wal.count} 个文件中缺少 ${name}` },
      ),
    ],
  };
}

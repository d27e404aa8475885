/** DB_FRAGMENTED: much of the database file is free inside. It counts against the quota all the same, until defragmented. */
import { eachMember } from "../each-node.ts";
import type { MemberLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import { formatBytes, formatRatio } from "../format.ts";
import { readQuota } from "../quota.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { memberSubject, RESPOND_WITHIN } from "../rule.ts";

export const dbFragmented: Rule = {
  code: "DB_FRAGMENTED",
  layer: "storage",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "db-fragmented",
  holdMs: 0,
  quietMs: 30_000,
  evaluate: eachMember(evaluateMember),
};

function evaluateMember({ member, node, thresholds }: MemberLook): RuleOutcome {
  const subject = memberSubject(member.name);
  const { dbSizeBytes: size, dbInUseBytes: used } = member.view;
  if (size === undefined || used === undefined || size <= 0) {
    const reason = {
      en: `the size of ${member.name}'s database, or what of it is in use, is not known`,
      zh: `不知道 ${member.name} 数据库的大小或实际使用量`,
    };
    return { kind: "unknown", subject, reason };
  }
  const ratio = used / size;
  const text = {
    en: `${formatBytes(used)} of ${formatBytes(size)} are in use (${formatRatio(ratio)})`,
    zh: `${formatBytes(size)} 中实际使用 ${formatBytes(used)}（${formatRatio(ratio)}）`,
  };
  if (ratio >= thresholds.dbInUseRatio || size - used < thresholds.dbFreeBytes) {
    return { kind: "ok", subject, because: text };
  }
  const quota = readQuota(node.state);
  const isNear = quota !== undefined && size >= quota * thresholds.quotaNearRatio;
  return {
    kind: "bad",
    subject,
    severity: isNear ? "warning" : "info",
    title: {
      en: `${member.name}'s database holds ${formatBytes(size - used)} of free pages`,
      zh: `${member.name} 的数据库中有 ${formatBytes(size - used)} 空闲页`,
    },
    detail: {
      en: `${text.en}; the quota counts the whole file. Defragment one member at a time, the leader last: a member answers nothing meanwhile`,
      zh: `${text.zh}；配额按整个文件计算。请逐个成员碎片整理，leader 最后：期间该成员没有应答`,
    },
    evidence: [
      createEvidence({ node: node.name, source: "Status", atMs: node.state.atMs }, text, {
        value: Number(ratio.toFixed(3)),
        threshold: thresholds.dbInUseRatio,
        unit: "ratio",
      }),
    ],
  };
}

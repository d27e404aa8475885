/**
 * AUTO_COMPACTION_OFF: etcd keeps every revision, nobody compacts, and the database has grown. Told only then: a Kubernetes API
 * server compacts by itself every 5 min, and its etcd is run without.
 */
import { findFact, findPoint } from "../../view/node-reading.ts";
import { eachMember } from "../each-node.ts";
import type { MemberLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import { formatBytes, formatRatio } from "../format.ts";
import { readQuota } from "../quota.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { memberSubject, RESPOND_WITHIN } from "../rule.ts";

/** A database of which more than this of the quota is in use has grown. */
const GROWN_RATIO = 0.25;
/** After so long with nothing compacted, nobody does it: clients that compact do it every few minutes. */
const JUDGED_AFTER_MS = 3_600_000;

export const autoCompactionOff: Rule = {
  code: "AUTO_COMPACTION_OFF",
  layer: "config",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "auto-compaction-off",
  holdMs: 0,
  quietMs: 30_000,
  evaluate: eachMember(evaluateMember),
};

function evaluateMember({ member, node, cluster, thresholds }: MemberLook): RuleOutcome {
  const subject = memberSubject(member.name);
  const held = findFact(node.state, "flags", "flags");
  const retention = held?.body.flags["auto-compaction-retention"];
  const used = member.view.dbInUseBytes ?? member.view.dbSizeBytes;
  const quota = readQuota(node.state);
  if (held === undefined || used === undefined || quota === undefined) {
    const reason = {
      en: `the flags of ${member.name}, or the size of its database, are not known`,
      zh: `不知道 ${member.name} 的参数或数据库大小`,
    };
    return { kind: "unknown", subject, reason };
  }
  const isOff = Number.parseInt(retention ?? "0", 10) === 0;
  if (!isOff) {
    const because = {
      en: `etcd compacts by itself (retention ${retention ?? ""})`,
      zh: `etcd 自动压缩（保留 ${retention ?? ""}）`,
    };
    return { kind: "ok", subject, because };
  }
  const ratio = used / quota;
  const text = {
    en: `${formatBytes(used)} of the quota of ${formatBytes(quota)} are in use`,
    zh: `配额 ${formatBytes(quota)} 中实际使用 ${formatBytes(used)}`,
  };
  if (ratio < GROWN_RATIO) {
    const because = {
      en: `auto-compaction is off, and only ${text.en} (${formatRatio(ratio)})`,
      zh: `自动压缩关闭，但${text.zh}（${formatRatio(ratio)}）`,
    };
    return { kind: "ok", subject, because };
  }
  const compacted = findPoint(node.state, { metric: "etcd_debugging_mvcc_db_compaction_keys_total" }, 0);
  if (compacted !== undefined && compacted.value > 0) {
    const because = {
      en: "somebody compacts, though etcd itself does not",
      zh: "etcd 未自动压缩，但有客户端在压缩",
    };
    return { kind: "ok", subject, because };
  }
  const startedAtMs = member.view.process?.startedAtMs ?? 0;
  if (compacted === undefined || startedAtMs === 0 || cluster.nowMs - startedAtMs < JUDGED_AFTER_MS) {
    const reason = {
      en: `${member.name} has not run for long enough to tell whether anybody compacts`,
      zh: `${member.name} 运行时间不足以判断是否有客户端在压缩`,
    };
    return { kind: "unknown", subject, reason, isBeyondOneLook: true };
  }
  return {
    kind: "bad",
    subject,
    severity: ratio >= thresholds.quotaNearRatio ? "warning" : "info",
    title: {
      en: `${member.name} does not compact, nobody else does, and its database has grown`,
      zh: `${member.name} 未开启自动压缩，也没有客户端压缩，且数据库已增大`,
    },
    detail: {
      en: `--auto-compaction-retention is 0, no old revision was removed since etcd started, and ${text.en}. Kubernetes' API server would compact every 5 min: see whether it reaches etcd; for any other client set a retention, such as --auto-compaction-retention=1h`,
      zh: `--auto-compaction-retention 为 0，etcd 启动以来没有删除过旧版本，且${text.zh}。Kubernetes API server 应每 5 分钟压缩一次：请检查它能否访问 etcd；其他客户端请设置保留时间，例如 --auto-compaction-retention=1h`,
    },
    evidence: [
      createEvidence(
        { node: node.name, source: "flags", atMs: held.sinceMs },
        { en: "auto-compaction-retention=0", zh: "auto-compaction-retention=0" },
      ),
      createEvidence({ node: node.name, source: "Status", atMs: node.state.atMs }, text, {
        value: Number(ratio.toFixed(3)),
        threshold: GROWN_RATIO,
        unit: "ratio",
      }),
    ],
    confidence: "likely",
  };
}

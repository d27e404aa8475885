/** VERSION_KNOWN_BAD: a member runs a version of which a fault is known that a newer patch mends. */
import { createEvidence } from "../evidence.ts";
import { formatNames } from "../format.ts";
import type { JudgedCluster, JudgedMember } from "../judged-cluster.ts";
import { findKnownFaults } from "../known-bad-versions.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { memberSubject, RESPOND_WITHIN } from "../rule.ts";

export const versionKnownBad: Rule = {
  code: "VERSION_KNOWN_BAD",
  layer: "config",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "version-known-bad",
  holdMs: 0,
  quietMs: 2000,
  evaluate: (cluster) =>
    cluster.members
      .filter(({ state }) => state !== "removed")
      .map((member) => evaluateMember(member, cluster)),
};

function evaluateMember(member: JudgedMember, cluster: JudgedCluster): RuleOutcome {
  const subject = memberSubject(member.name);
  const { statement } = member.view;
  const count = cluster.members.filter(({ state }) => state !== "removed").length;
  const faults = findKnownFaults(statement?.version ?? "", count);
  if (statement === undefined || faults === undefined) {
    const reason = { en: `the version of ${member.name} is not known`, zh: `不知道 ${member.name} 的版本` };
    return { kind: "unknown", subject, reason };
  }
  const { version, from, atMs } = statement;
  const [worst] = faults.toSorted((one, other) =>
    one.severity === other.severity ? 0 : one.severity === "warning" ? -1 : 1,
  );
  if (worst === undefined) {
    const because = { en: `no fault of ${version} is known here`, zh: `未知 ${version} 有缺陷` };
    return { kind: "ok", subject, because };
  }
  const fixes = formatNames([...new Set(faults.map(({ fixedIn }) => fixedIn))]);
  return {
    kind: "bad",
    subject,
    severity: worst.severity,
    title: {
      en: `${member.name} runs ${version}, of which a fault is known`,
      zh: `${member.name} 运行的 ${version} 有已知缺陷`,
    },
    detail: {
      en: `In ${version}, ${worst.text.en}. It is mended in ${fixes.en}: upgrade within the same minor version, one member at a time, after a backup`,
      zh: `${version} 中，${worst.text.zh}。已在 ${fixes.zh} 中修复：请备份后在同一次版本内逐个升级成员`,
    },
    evidence: faults.map(({ text, fixedIn, source }) =>
      createEvidence(
        { node: from, source: "Status", atMs },
        {
          en: `${text.en} (mended in ${fixedIn}, ${source})`,
          zh: `${text.zh}（${fixedIn} 修复，${source}）`,
        },
      ),
    ),
  };
}

/** VERSION_SKEW: members have run different versions for longer than a rolling upgrade takes. */
import { createEvidence } from "../evidence.ts";
import { joinTexts } from "../format.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { clusterSubject, RESPOND_WITHIN } from "../rule.ts";

export const versionSkew: Rule = {
  code: "VERSION_SKEW",
  layer: "config",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "version-skew",
  // A rolling upgrade is not a fault.
  holdMs: 600_000,
  quietMs: 660_000,
  evaluate: (cluster) => [evaluateCluster(cluster)],
};

function evaluateCluster(cluster: JudgedCluster): RuleOutcome {
  const subject = clusterSubject(cluster);
  const known = cluster.members.flatMap(({ name, view: { statement } }) =>
    statement === undefined || statement.version === ""
      ? []
      : [{ name, version: statement.version, node: statement.from, atMs: statement.atMs }],
  );
  if (known.length < Math.min(2, cluster.members.length)) {
    const reason = {
      en: `the version of ${known.length} of ${cluster.members.length} members is known`,
      zh: `${cluster.members.length} 个成员中只知道 ${known.length} 个的版本`,
    };
    return { kind: "unknown", subject, reason };
  }
  const versions = [...new Set(known.map(({ version }) => version))].sort();
  if (versions.length < 2) {
    const because = { en: `all run ${versions[0] ?? "?"}`, zh: `版本均为 ${versions[0] ?? "?"}` };
    return { kind: "ok", subject, because };
  }
  const minors = new Set(versions.map((version) => version.split(".").slice(0, 2).join(".")));
  const shown = known.map(({ name, version }) => ({ en: `${name} ${version}`, zh: `${name} ${version}` }));
  return {
    kind: "bad",
    subject,
    severity: minors.size > 1 ? "warning" : "info",
    title: {
      en: `Members run different versions: ${versions.join(", ")}`,
      zh: `成员版本不一致：${versions.join("、")}`,
    },
    detail: {
      en: `${joinTexts(shown).en}. Finish the upgrade: the cluster keeps to the features of its oldest member`,
      zh: `${joinTexts(shown).zh}。请完成升级：集群只能使用最旧成员支持的功能`,
    },
    evidence: known.map(({ name, version, node, atMs }) => {
      const text = { en: `${name} runs ${version}`, zh: `${name} 运行 ${version}` };
      return createEvidence({ node, source: "Status", atMs }, text);
    }),
  };
}

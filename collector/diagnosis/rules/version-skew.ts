/**
 * VERSION_SKEW: members have run different versions for longer than a rolling upgrade takes, or a downgrade was begun and not
 * ended: the cluster then keeps to the older version's features, whatever its members run.
 */
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
    statement === undefined || statement.version === "" ? [] : [{ name, ...statement }],
  );
  if (known.length < Math.min(2, cluster.members.length)) {
    const reason = {
      en: `the version of ${known.length} of ${cluster.members.length} members is known`,
      zh: `${cluster.members.length} 个成员中只知道 ${known.length} 个的版本`,
    };
    return { kind: "unknown", subject, reason };
  }
  const versions = [...new Set(known.map(({ version }) => version))].sort();
  const target = known.find(({ downgradeTarget }) => downgradeTarget !== "")?.downgradeTarget;
  const evidence = known.map(({ name, version, storageVersion, downgradeTarget, from, atMs }) => {
    const says = {
      en: [
        `${name} runs ${version}`,
        ...(storageVersion === "" ? [] : [`its files are of ${storageVersion}`]),
        ...(downgradeTarget === "" ? [] : [`downgrade to ${downgradeTarget} enabled`]),
      ].join(", "),
      zh: [
        `${name} 运行 ${version}`,
        ...(storageVersion === "" ? [] : [`存储版本 ${storageVersion}`]),
        ...(downgradeTarget === "" ? [] : [`已启用降级到 ${downgradeTarget}`]),
      ].join("，"),
    };
    return createEvidence({ node: from, source: "Status", atMs }, says);
  });
  if (versions.length < 2 && target !== undefined) {
    return {
      kind: "bad",
      subject,
      severity: "info",
      title: {
        en: `A downgrade to ${target} is enabled, and all members run ${versions[0] ?? "?"}`,
        zh: `已启用降级到 ${target}，但所有成员都运行 ${versions[0] ?? "?"}`,
      },
      detail: {
        en: `The cluster keeps to the features of ${target} until the members run it, one after the other, or until etcdctl downgrade cancel`,
        zh: `在成员逐个换成 ${target} 或执行 etcdctl downgrade cancel 之前，集群只使用 ${target} 的功能`,
      },
      evidence,
    };
  }
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
    detail:
      target === undefined
        ? {
            en: `${joinTexts(shown).en}. Finish the upgrade: the cluster keeps to the features of its oldest member`,
            zh: `${joinTexts(shown).zh}。请完成升级：集群只能使用最旧成员支持的功能`,
          }
        : {
            en: `${joinTexts(shown).en}. A downgrade to ${target} is under way: finish it, or end it by etcdctl downgrade cancel`,
            zh: `${joinTexts(shown).zh}。正在降级到 ${target}：请完成降级，或执行 etcdctl downgrade cancel 取消`,
          },
    evidence,
  };
}

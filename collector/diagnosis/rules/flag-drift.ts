/** FLAG_DRIFT: members run with different settings where all should be the same. Nothing shows it while all is well. */
import { findFact } from "../../view/node-reading.ts";
import { COMPARED_FLAGS } from "../compared-flags.ts";
import { createEvidence } from "../evidence.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { clusterSubject, RESPOND_WITHIN } from "../rule.ts";

export const flagDrift: Rule = {
  code: "FLAG_DRIFT",
  layer: "config",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "flag-drift",
  // A rolling change of a flag makes its way through the members.
  holdMs: 120_000,
  quietMs: 150_000,
  evaluate: (cluster) => [evaluateCluster(cluster)],
};

interface Flags {
  readonly name: string;
  readonly node: string;
  readonly flags: Readonly<Record<string, string>>;
  readonly sinceMs: number;
}

function evaluateCluster(cluster: JudgedCluster): RuleOutcome {
  const subject = clusterSubject(cluster);
  const known = cluster.view.nodes.flatMap((node): readonly Flags[] => {
    const held = node.agent.isCurrent ? findFact(node.state, "flags", "flags") : undefined;
    // of an etcd that has not run only what is given is known, not what is in force
    return held === undefined || held.body.configuredBy !== "" || node.member === undefined
      ? []
      : [{ name: node.member, node: node.name, flags: held.body.flags, sinceMs: held.sinceMs }];
  });
  if (known.length < Math.min(2, cluster.members.length)) {
    const reason = {
      en: `flags of ${known.length} of ${cluster.members.length} members are known: nothing to compare`,
      zh: `${cluster.members.length} 个成员中只知道 ${known.length} 个的参数：无法比较`,
    };
    return { kind: "unknown", subject, reason, isBeyondOneLook: true };
  }
  const drifts = COMPARED_FLAGS.flatMap(({ flag, isGrave }) => {
    // One that is not there is not known: its default is of a version that is not known yet.
    const values = known.flatMap(({ name, flags }) => {
      const value = flags[flag];
      return value === undefined ? [] : [{ name, value }];
    });
    const isSame = new Set(values.map(({ value }) => value)).size < 2;
    return isSame ? [] : [{ flag, isGrave, values }];
  });
  if (drifts.length === 0) {
    const because = {
      en: `${known.length} members run with the same flags`,
      zh: `${known.length} 个成员的参数一致`,
    };
    return { kind: "ok", subject, because };
  }
  const names = drifts.map(({ flag }) => flag).join(", ");
  const shown = drifts.map(
    ({ flag, values }) =>
      `${flag} ${values.map(({ name, value }) => `${name}=${value === "" ? "-" : value}`).join(" ")}`,
  );
  return {
    kind: "bad",
    subject,
    severity: drifts.some(({ isGrave }) => isGrave) ? "warning" : "info",
    title: { en: `Members differ in ${names}`, zh: `成员参数不一致：${names}` },
    detail: {
      en: `${shown.join("; ")}. Give all members the same values, one restart at a time, the leader last`,
      zh: `${shown.join("；")}。请让所有成员取相同的值，逐个重启，leader 最后`,
    },
    evidence: known.map(({ name, node, flags, sinceMs }) => {
      const said = drifts.map(({ flag }) => `${flag}=${flags[flag] ?? ""}`).join(" ");
      return createEvidence(
        { node, source: "flags", atMs: sinceMs },
        { en: `${name}: ${said}`, zh: `${name}：${said}` },
      );
    }),
  };
}

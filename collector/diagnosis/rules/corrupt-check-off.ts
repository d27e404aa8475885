/** CORRUPT_CHECK_OFF: etcd does not compare its data with the others' when it starts, which costs a second and catches a bad disk. */
import { findFact } from "../../view/node-reading.ts";
import { createEvidence } from "../evidence.ts";
import { formatNames } from "../format.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { clusterSubject, RESPOND_WITHIN } from "../rule.ts";

export const corruptCheckOff: Rule = {
  code: "CORRUPT_CHECK_OFF",
  layer: "config",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "corrupt-check-off",
  // A rolling change of a flag makes its way through the members.
  holdMs: 120_000,
  quietMs: 150_000,
  evaluate: (cluster) => [evaluateCluster(cluster)],
};

interface Checked {
  readonly name: string;
  readonly node: string;
  /** undefined: its flags do not tell, as of a version whose default is not known. */
  readonly isOn: boolean | undefined;
  readonly sinceMs: number;
}

function evaluateCluster(cluster: JudgedCluster): RuleOutcome {
  const subject = clusterSubject(cluster);
  const members = cluster.members.filter(({ state }) => state !== "removed");
  if (members.length === 1) {
    const because = { en: "one member alone: there is nothing to compare", zh: "只有一个成员：无可比较" };
    return { kind: "ok", subject, because };
  }
  const checked = cluster.view.nodes.flatMap((node): readonly Checked[] => {
    const held = node.agent.isCurrent ? findFact(node.state, "flags", "flags") : undefined;
    return held === undefined || node.member === undefined
      ? []
      : [{ name: node.member, node: node.name, isOn: readCheck(held.body.flags), sinceMs: held.sinceMs }];
  });
  const off = checked.filter(({ isOn }) => isOn === false);
  if (off.length === 0) {
    const isAll = checked.length > 0 && checked.every(({ isOn }) => isOn === true);
    const because = { en: "etcd compares its data when it starts", zh: "etcd 启动时会比较数据" };
    const reason = { en: "the flags of no member tell it", zh: "成员参数中没有相关信息" };
    return isAll ? { kind: "ok", subject, because } : { kind: "unknown", subject, reason };
  }
  const names = formatNames(off.map(({ name }) => name));
  return {
    kind: "bad",
    subject,
    severity: "info",
    title: {
      en: `The check of data at start is off: ${names.en}`,
      zh: `未开启启动时的数据检查：${names.zh}`,
    },
    detail: {
      en: "A member whose data was damaged would start and answer with it. Start etcd with --experimental-initial-corrupt-check=true (3.6: --feature-gates=InitialCorruptCheck=true)",
      zh: "数据已损坏的成员会照常启动并以错误数据应答。请以 --experimental-initial-corrupt-check=true 启动 etcd（3.6：--feature-gates=InitialCorruptCheck=true）",
    },
    evidence: off.map(({ name, node, sinceMs }) =>
      createEvidence(
        { node, source: "flags", atMs: sinceMs },
        { en: `${name}: no check at start`, zh: `${name}：启动时不检查` },
      ),
    ),
  };
}

function readCheck(flags: Readonly<Record<string, string>>): boolean | undefined {
  const gates = flags["feature-gates"];
  const gate = /(?:^|,)InitialCorruptCheck=(\w+)/.exec(gates ?? "")?.[1];
  // A gate that is not named is at its default, off.
  const flag =
    gate ?? flags["experimental-initial-corrupt-check"] ?? (gates === undefined ? undefined : "false");
  return flag === undefined ? undefined : /^(true|t|1)$/i.test(flag);
}

/** What etcd says of its own health, as evidence of why a member does not serve. */
import type { HealthCheck } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Evidence } from "../../shared/rest.ts";
import type { NodeView } from "../view/cluster-view.ts";
import { findFact } from "../view/node-reading.ts";
import { createEvidence } from "./evidence.ts";

/** Nothing where it was not asked, or says that all is well. */
export function proveByHealth(node: NodeView): readonly Evidence[] {
  const fact = node.agent.isCurrent ? findFact(node.state, "health", "health")?.body : undefined;
  if (fact === undefined) {
    return [];
  }
  const atMs = Number(fact.askedAtUnixMs) - node.state.clockOffsetMs;
  const origin = { node: node.name, source: "etcd's health", atMs };
  if (fact.problem !== "") {
    return [
      createEvidence(origin, {
        en: `asked for its own health, etcd did not answer: ${fact.problem}`,
        zh: `询问 etcd 自身健康状况时没有应答：${fact.problem}`,
      }),
    ];
  }
  const failed = fact.checks.filter(({ ok }) => !ok);
  const passed = fact.checks.filter(({ ok }) => ok).map(({ name }) => name);
  if (failed.length === 0) {
    return [];
  }
  const shown = failed.map(describe).join("; ");
  const rest = passed.join(", ");
  return [
    createEvidence(origin, {
      en: `etcd's own check fails (${fact.asked}): ${shown}${rest === "" ? "" : `; passed: ${rest}`}`,
      zh: `etcd 自检失败（${fact.asked}）：${shown}${rest === "" ? "" : `；通过：${rest}`}`,
    }),
  ];
}

function describe({ name, reason }: HealthCheck): string {
  return reason === "" ? name : `${name} (${reason})`;
}

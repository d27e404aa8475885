/**
 * After a reconnect a node's agent tells at once what is, and beside it brings what was. Rules that judge a stretch of
 * time wait for that; what is plain at one look (crash, quorum, leader, partition, a full disk) is not held up.
 */
import type { Subject } from "../../shared/rest.ts";
import type { ClusterView, NodeView } from "../view/cluster-view.ts";
import type { RuleOutcome } from "./rule.ts";
import type { RuleResult } from "./track.ts";

/** An agent that never catches up holds up nothing for longer than this. */
const WAIT_AT_MOST_MS = 60_000;

export function waitForKept(result: RuleResult, view: ClusterView): RuleResult {
  const { rule, outcomes } = result;
  const late = rule.looksBack === true ? view.nodes.filter((node) => isCatchingUp(node, view.atMs)) : [];
  if (late.length === 0 || outcomes === undefined) {
    return result;
  }
  return { rule, outcomes: outcomes.map((outcome) => hold(outcome, { late, view })) };
}

function isCatchingUp({ state }: NodeView, nowMs: number): boolean {
  return state.waitingSinceMs !== undefined && nowMs - state.waitingSinceMs <= WAIT_AT_MOST_MS;
}

function hold(
  outcome: RuleOutcome,
  about: { readonly late: readonly NodeView[]; readonly view: ClusterView },
): RuleOutcome {
  const names = outcome.kind === "bad" ? listNodes(outcome.subject, about.view) : [];
  const node = about.late.find(({ name }) => names.includes(name));
  if (node === undefined) {
    return outcome;
  }
  const reason = {
    en: `the agent on ${node.name} still sends what it saw while it was cut off (${node.state.waiting} frames)`,
    zh: `${node.name} 上的代理仍在补发断开期间的观测（${node.state.waiting} 帧）`,
  };
  return { kind: "unknown", subject: outcome.subject, reason };
}

/** The nodes that a subject is on; none for the cluster, which does not wait for one node. */
function listNodes({ kind, name, peer }: Subject, view: ClusterView): readonly string[] {
  if (kind === "node") {
    return [name];
  }
  return view.members
    .filter((member) => kind !== "cluster" && (member.name === name || member.name === peer))
    .flatMap(({ node }) => (node === undefined ? [] : [node]));
}

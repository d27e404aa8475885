/** What one node's agent knows of one member's client port, sorted into the few answers that a judgement needs. */
import { Outcome } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { Answer, NodeView, Statement, Viewpoint } from "./cluster-view.ts";
import type { ListedMember } from "./membership.ts";
import { findFact, findRun } from "./node-reading.ts";
import type { RunState } from "./node-state.ts";

/** Nobody listens: the node's kernel says so at once. */
const REFUSED: ReadonlySet<string> = new Set(["refused"]);
/** A reset ends one connection; whether anybody listens is what the next attempt shows. */
const SILENT: ReadonlySet<string> = new Set(["timeout", "unreachable", "unavailable", "reset"]);

export interface ViewpointOptions {
  readonly isOwn: boolean;
  readonly clusterId: bigint;
  readonly freshSinceMs: number;
}

export function readViewpoint(node: NodeView, member: ListedMember, options: ViewpointOptions): Viewpoint {
  const run = findRun(node.state, "status", member.name);
  const fact = findFact(node.state, `status/${member.name}`, "status");
  const isForeign =
    fact !== undefined &&
    ((member.id !== 0n && fact.body.memberId !== member.id) ||
      (options.clusterId !== 0n && fact.body.clusterId !== options.clusterId));
  const isFresh = node.agent.isCurrent && run !== undefined && run.endedAtMs >= options.freshSinceMs;
  const answer = isFresh ? classify(run, isForeign) : "stale";
  const atMs = run?.lastOkAtMs;
  const statement: Statement | undefined =
    fact === undefined || atMs === undefined || isForeign || !node.agent.isCurrent
      ? undefined
      : {
          from: node.name,
          atMs,
          leaderId: fact.body.leaderId,
          term: fact.body.raftTerm,
          leaderSinceMs: fact.leaderSinceMs,
          errors: fact.body.errors,
          version: fact.body.version,
          isLearner: fact.body.isLearner,
          storageVersion: fact.body.storageVersion,
          downgradeTarget: fact.body.downgradeEnabled ? fact.body.downgradeTarget : "",
        };
  return { node: node.name, isOwn: options.isOwn, answer, run, statement };
}

function classify(run: RunState, isForeign: boolean): Answer {
  if (run.outcome === Outcome.OK) {
    return isForeign ? "foreign" : "answers";
  }
  if (run.outcome === Outcome.SKIPPED) {
    return "undecided";
  }
  if (REFUSED.has(run.errorCode)) {
    return "refused";
  }
  return run.outcome === Outcome.TIMED_OUT || SILENT.has(run.errorCode) ? "silent" : "undecided";
}

/** What a node's facts taught and must not be forgotten when they go: which member it runs, who votes, its timing. */
import type { Frame } from "../../shared/frame.ts";
import { Outcome } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { seriesKey } from "../../shared/series-key.ts";
import type { HeldFact, NodeState, Remembered } from "./node-state.ts";

interface Learnt {
  readonly frame: Frame;
  readonly facts: NodeState["facts"];
  readonly series: NodeState["series"];
  readonly atMs: number;
}

export function remember(before: Remembered, learnt: Learnt): Remembered {
  const hasListRun = learnt.frame.probeRuns.some(
    (run) => run.probe === "members" && run.outcome === Outcome.OK && run.ageMs === 0,
  );
  if (learnt.frame.facts.length === 0 && !hasListRun) {
    return before;
  }
  let next = before;
  for (const fact of learnt.frame.facts) {
    if (fact.body.case === "flags") {
      next = rememberFlags(next, fact.body.value);
    }
  }
  // After the flags: an answer of the member itself is better evidence than how it was started.
  for (const fact of learnt.frame.facts) {
    if (fact.body.case === "status" && fact.body.value.own) {
      next = { ...next, ownName: fact.key.slice("status/".length), ownId: fact.body.value.memberId };
    }
  }
  const list = learnt.facts.get("member_list");
  // A keyframe that says an old list again must not make it younger than one that another node has read since.
  const isNewList = list?.sinceMs === learnt.atMs;
  return list !== undefined && (hasListRun || isNewList || next.membership === undefined)
    ? rememberList(next, list, learnt)
    : next;
}

function rememberFlags(
  before: Remembered,
  fact: {
    readonly name: string;
    readonly flags: Readonly<Record<string, string>>;
    readonly configuredBy: string;
  },
): Remembered {
  // What a file says is no reason to forget what an etcd that ran here has shown.
  if (fact.configuredBy !== "" && before.ownName !== "") {
    return before;
  }
  const election = Number(fact.flags["election-timeout"]);
  const initial = (fact.flags["initial-cluster"] ?? "").split(",").map((pair) => pair.split("=")[0] ?? "");
  const names = [...new Set(initial.filter((name) => name !== ""))];
  const isRenamed = fact.name !== "" && fact.name !== before.ownName;
  return {
    ...before,
    ownName: isRenamed ? fact.name : before.ownName,
    ownId: isRenamed ? 0n : before.ownId,
    initialCluster: names.length > 0 ? names : before.initialCluster,
    electionTimeoutMs: election > 0 ? election : (before.electionTimeoutMs ?? 1000),
  };
}

function rememberList(before: Remembered, held: HeldFact, learnt: Learnt): Remembered {
  if (held.fact.body.case !== "memberList" || held.fact.body.value.members.length === 0) {
    return before;
  }
  const status = learnt.facts.get(`status/${before.ownName}`)?.fact.body;
  const index = learnt.series.last(seriesKey("etcd_status_raft_applied_index", { member: before.ownName }));
  return {
    ...before,
    membership: {
      list: held.fact.body.value,
      atMs: learnt.atMs,
      term: status?.case === "status" ? status.value.raftTerm : 0n,
      appliedIndex: index?.value ?? 0,
    },
  };
}

/** The judged cluster in the shape of the REST API. */
import type { AgentState, ClusterState, Finding, MemberReport } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import { ProcessState } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { findFact } from "../view/node-reading.ts";
import { listBlindProbes } from "./blind-probes.ts";
import { formatTime } from "./format.ts";
import type { JudgedCluster, JudgedMember } from "./judged-cluster.ts";
import { findNode } from "./judged-cluster.ts";
import { reportMachine } from "./report-machine.ts";
import type { NodeView } from "../view/cluster-view.ts";

export function reportState(cluster: JudgedCluster, findings: readonly Finding[]): ClusterState {
  const { quorum, leader } = cluster;
  return {
    cluster: cluster.view.cluster,
    at: formatTime(cluster.nowMs),
    verdict: cluster.verdict,
    headline: cluster.headline,
    quorum: {
      voters: quorum.voters,
      needed: quorum.needed,
      serving: quorum.serving,
      tolerance: quorum.tolerance,
      groups: quorum.groups,
    },
    leader:
      leader === undefined
        ? null
        : {
            member: leader.member,
            memberId: leader.memberId,
            term: String(leader.term),
            since: formatTime(leader.sinceMs),
            agreedBy: leader.agreedBy,
            disagreeing: leader.disagreeing,
          },
    members: cluster.members.map((member) => reportMember(cluster, member)),
    coverage: reportCoverage(cluster),
    rootCauses: findings.filter(({ rootCause }) => rootCause).map(({ id }) => id),
    findings,
    openIncident: null,
  };
}

function reportMember(cluster: JudgedCluster, member: JudgedMember): MemberReport {
  const { view } = member;
  const { agent, statement } = view;
  return {
    name: member.name,
    memberId: view.memberId,
    node: view.node ?? null,
    role: member.role,
    state: member.state,
    why: member.why,
    version: statement?.version ?? null,
    storageVersion: statement?.storageVersion || null,
    downgradeTarget: statement?.downgradeTarget || null,
    dbSizeBytes: view.dbSizeBytes ?? null,
    dbInUseBytes: view.dbInUseBytes ?? null,
    raftTerm: statement === undefined ? null : String(statement.term),
    raftIndex: view.raftIndex === undefined ? null : String(view.raftIndex),
    appliedIndex: view.appliedIndex === undefined ? null : String(view.appliedIndex),
    agent: {
      state: agent.state,
      lastSeen: agent.lastHeardAtMs === undefined ? null : formatTime(agent.lastHeardAtMs),
      version: agent.version ?? null,
    },
    machine: reportMachine(findNode(cluster, view.node)),
  };
}

const BLIND: Readonly<Record<AgentState, (name: string) => Text>> = {
  online: (name) => ({
    en: `the agent of ${name} still sends what it had kept`,
    zh: `${name} 的代理仍在补发保存的数据`,
  }),
  silent: (name) => ({ en: `the agent of ${name} is silent`, zh: `${name} 的代理没有消息` }),
  "never-seen": (name) => ({ en: `no agent watches ${name}`, zh: `没有代理监视 ${name}` }),
};

/** The share of members with an agent that speaks of now, and links that are known one way or the other. */
function reportCoverage(cluster: JudgedCluster): ClusterState["coverage"] {
  const members = cluster.members.filter(({ state }) => state !== "removed");
  const dark = members.filter(({ view }) => !view.agent.isCurrent);
  const mute = members.filter(({ view, state }) => view.agent.isCurrent && state === "unknown");
  const links = cluster.view.links;
  const known = links.filter(({ state }) => state !== "unknown").length;
  const parts = members.length + links.length;
  const seen = members.length - dark.length - mute.length + known;
  return {
    score: parts === 0 ? 0 : Number((seen / parts).toFixed(2)),
    blindSpots: [
      ...dark.map(({ name, view }) => BLIND[view.agent.state](name)),
      ...mute.map(({ name, why }) => ({ en: `${name}: ${why.en}`, zh: `${name}：${why.zh}` })),
      ...cluster.view.nodes.flatMap(listUnfound),
      ...cluster.view.nodes.flatMap(listBlindProbes),
    ],
  };
}

/** An agent that runs but does not know which etcd is its own: what it saw says how to help it. */
function listUnfound(node: NodeView): readonly Text[] {
  const process = findFact(node.state, "process", "process")?.body;
  if (!node.agent.isCurrent || node.member !== undefined || process?.state !== ProcessState.ABSENT) {
    return [];
  }
  const note = process.note || "no etcd process";
  return [
    {
      en: `the agent of ${node.name} has found no etcd: ${note}`,
      zh: `${node.name} 的代理没有找到 etcd：${note}`,
    },
  ];
}

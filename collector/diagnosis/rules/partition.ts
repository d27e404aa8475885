/** PARTITION: voters that are up have fallen into groups between which the network carries nothing. */
import type { Evidence } from "../../../shared/rest.ts";
import type { LinkView } from "../../view/cluster-view.ts";
import { isVoter } from "../../view/cluster-view.ts";
import { createEvidence } from "../evidence.ts";
import type { JudgedCluster, JudgedMember } from "../judged-cluster.ts";
import { findGroups } from "../majority.ts";
import { isUp } from "../member-state.ts";
import { proveFirewall } from "../port-evidence.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { clusterSubject, RESPOND_WITHIN } from "../rule.ts";

export const partition: Rule = {
  code: "PARTITION",
  layer: "network",
  isFault: true,
  respondWithin: RESPOND_WITHIN,
  runbook: "partition",
  // At once; a member that restarts is told apart by what it answers after the cut.
  holdMs: 0,
  quietMs: 3000,
  evaluate: (cluster) => [evaluateCluster(cluster)],
};

function evaluateCluster(cluster: JudgedCluster): RuleOutcome {
  const subject = clusterSubject(cluster);
  const voters = cluster.members.filter((member) => member.isVoter && isUp(member.state));
  const names = voters.map(({ name }) => name);
  const alive = new Set(voters.filter((voter) => isSeenAfterCut(cluster, voter)).map(({ name }) => name));
  const groups = findGroups(names, cluster.view.links.filter(isNetworkCut));
  const parts = joinGroups(groups).filter((part) => part.some((name) => alive.has(name)));
  if (parts.length < 2) {
    const isSeen = cluster.view.links.some(
      ({ port, state, from, to }) =>
        port === "peer" && state !== "unknown" && names.includes(from) && names.includes(to),
    );
    const reason = { en: "no link between two voters is seen", zh: "看不到任何投票成员之间的链路" };
    const because = {
      en: "no two voters that are up are parted",
      zh: "在线的投票成员之间没有被隔断",
    };
    if (isSeen) {
      return { kind: "ok", subject, because };
    }
    const { membership, members } = cluster.view;
    const isAlone = membership.source === "list" && members.filter(isVoter).length === 1;
    const alone = { en: "the only voter has no peers", zh: "唯一的投票成员没有对等成员" };
    return isAlone ? { kind: "ok", subject, because: alone } : { kind: "unknown", subject, reason };
  }
  const open = findOpenClientPort(cluster, names);
  if (open !== undefined) {
    const reason = {
      en: `the client port of ${open.to} still answers ${open.from}: whether the network is cut or one port shut shows within seconds`,
      zh: `${open.to} 的客户端端口仍对 ${open.from} 有应答：是断网还是单个端口被封，几秒内可知`,
    };
    return { kind: "unknown", subject, reason };
  }
  const largest = Math.max(...parts.map(({ length }) => length));
  const shown = parts.map((part) => part.join(", ")).join(" | ");
  const cut = cluster.view.links.filter(
    (link) => isNetworkCut(link) && names.includes(link.from) && names.includes(link.to),
  );
  return {
    kind: "bad",
    subject,
    severity: "critical",
    title: { en: `The network has parted the voters: ${shown}`, zh: `网络将投票成员隔断：${shown}` },
    detail: {
      en: `no way between them on the peer port; the largest has ${largest} of ${cluster.quorum.voters} voters, ${cluster.quorum.needed} are needed`,
      zh: `各组之间对等端口不通；最大的组有 ${largest} 个投票成员（共 ${cluster.quorum.voters} 个），需要 ${cluster.quorum.needed} 个`,
    },
    evidence: [
      ...cut.flatMap((link) =>
        link.node === undefined || link.atMs === undefined
          ? []
          : [
              createEvidence(
                { node: link.node, source: "peer port", atMs: link.atMs },
                {
                  en: `${link.from} to ${link.to}: ${link.why.en}`,
                  zh: `${link.from} 到 ${link.to}：${link.why.zh}`,
                },
              ),
            ],
      ),
      ...proveFirewallOnce(cluster, cut),
    ],
  };
}

/**
 * Who refuses is reached: the network is whole, and only nobody listens there (yet). Who answers on TCP and fails in TLS is
 * reached as well: what parts the two is a certificate, and that is told as one. And where the agent's own request comes through, etcd's
 * connections are only not back yet, as after a cut, or about to be told as cut with the next request.
 */
function isNetworkCut({ port, state, errorCode, tcp, tls, http }: LinkView): boolean {
  const isReached = errorCode === "refused" || (tcp === "ok" && tls === "failed") || http === "ok";
  return port === "peer" && state === "down" && !isReached;
}

/** Links share their ends. */
function proveFirewallOnce(cluster: JudgedCluster, links: readonly LinkView[]): readonly Evidence[] {
  const all = links.flatMap((link) => proveFirewall(cluster, link));
  return [...new Map(all.map((one) => [`${one.node} ${one.text.en}`, one])).values()];
}

/** A cut of both ports is seen on the one a little before the other. */
const BOTH_SEEN_MS = 5000;

/** The client port between two whose peer port has just been lost. */
function findOpenClientPort(cluster: JudgedCluster, names: readonly string[]): LinkView | undefined {
  const lost = cluster.view.links.filter(
    (link) =>
      isNetworkCut(link) &&
      names.includes(link.from) &&
      names.includes(link.to) &&
      cluster.nowMs - (link.sinceMs ?? 0) < BOTH_SEEN_MS,
  );
  return cluster.view.links.find(
    ({ port, state, from, to }) =>
      port === "client" && state === "up" && lost.some((link) => link.from === from && link.to === to),
  );
}

/** etcd tries its peers anew every few seconds, and the agents look as often. */
const CONNECTS_WITHIN_MS = 8000;

/** A voter that dies breaks its links before it is seen to be down: only one that answered somebody since is parted. */
function isSeenAfterCut(cluster: JudgedCluster, voter: JudgedMember): boolean {
  const cuts = cluster.view.links.filter(
    (link) => isNetworkCut(link) && (link.from === voter.name || link.to === voter.name),
  );
  // Its peers come back to one that has just started a moment after it answers.
  const startedAtMs = voter.view.process?.startedAtMs ?? 0;
  if (cluster.nowMs - startedAtMs < CONNECTS_WITHIN_MS) {
    return false;
  }
  const cutAtMs = Math.max(0, ...cuts.map(({ sinceMs }) => sinceMs ?? 0));
  return cutAtMs > 0 && voter.view.statement !== undefined && voter.view.statement.atMs > cutAtMs;
}

/** Groups that share a voter are one part: there is a way between them. */
function joinGroups(groups: readonly (readonly string[])[]): readonly (readonly string[])[] {
  let parts: string[][] = [];
  for (const group of groups) {
    const touching = parts.filter((part) => part.some((name) => group.includes(name)));
    const joined = [...new Set([...touching.flat(), ...group])].sort();
    parts = [...parts.filter((part) => !touching.includes(part)), joined];
  }
  return parts.sort(
    (one, other) => other.length - one.length || ((one[0] ?? "") < (other[0] ?? "") ? -1 : 1),
  );
}

/** PARTITION: voters that are up have fallen into groups with no way between them. */
import { createEvidence } from "../evidence.ts";
import type { JudgedCluster, JudgedMember } from "../judged-cluster.ts";
import { isUp } from "../member-state.ts";
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
  const voters = cluster.members.filter(({ isVoter, state }) => isVoter && isUp(state));
  const names = voters.map(({ name }) => name);
  const alive = new Set(voters.filter((voter) => isSeenAfterCut(cluster, voter)).map(({ name }) => name));
  const parts = joinGroups(cluster.quorum.groups).filter((part) => part.some((name) => alive.has(name)));
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
    return isSeen ? { kind: "ok", subject, because } : { kind: "unknown", subject, reason };
  }
  const largest = Math.max(...parts.map(({ length }) => length));
  const shown = parts.map((part) => part.join(", ")).join(" | ");
  const cut = cluster.view.links.filter(
    ({ port, state, from, to }) =>
      port === "peer" && state === "down" && names.includes(from) && names.includes(to),
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
    evidence: cut.flatMap((link) =>
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
  };
}

/** A voter that dies breaks its links before it is seen to be down: only one that answered somebody since is parted. */
function isSeenAfterCut(cluster: JudgedCluster, voter: JudgedMember): boolean {
  const cuts = cluster.view.links.filter(
    // Who refuses is reached: the network is whole, and only nobody listens there (yet).
    ({ port, state, errorCode, from, to }) =>
      port === "peer" &&
      state === "down" &&
      errorCode !== "refused" &&
      (from === voter.name || to === voter.name),
  );
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

/** Preconditions of steps, decided by the view where it can decide them, with the fact that does. */
import { ProcessState } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Text } from "../../shared/text.ts";
import { formatBytes } from "../diagnosis/format.ts";
import { findFact } from "../view/node-reading.ts";
import type { Site, SiteMember } from "./site.ts";
import { nameMembers } from "./site.ts";
import type { Condition } from "./step.ts";
import { say } from "./step.ts";

/**
 * Taking this member away leaves the others a majority that serves; without a leader nobody serves, and a majority that is
 * up is what an election needs.
 */
export function othersKeepQuorum(site: Site, member: SiteMember): Condition {
  const { judged } = site;
  const { label } = member;
  const text = say(
    `the other members keep the quorum while ${label} is away`,
    `${label} 离开期间，其余成员仍保持法定人数`,
  );
  const { needed, voters } = judged.quorum;
  if (voters === 0) {
    return { text, state: "unknown", because: NO_MEMBERS };
  }
  const others = site.members.filter((one) => one.isVoter && one !== member);
  const isLeaderless = judged.verdict === "no-leader";
  const counts = ({ state }: SiteMember): boolean =>
    state === "serving" || (isLeaderless && state === "no-quorum");
  const serving = others.filter(counts);
  const out = others.filter((one) => !counts(one) && one.state !== "unknown");
  if (serving.length >= needed) {
    return {
      text,
      state: "met",
      because: say(
        `${nameMembers(serving).en} ${isLeaderless ? "are up" : "serve"}, ${needed} are needed`,
        `${nameMembers(serving).zh} ${isLeaderless ? "在线" : "正常服务"}，需要 ${needed} 个`,
      ),
    };
  }
  if (voters === 1 && member.isVoter) {
    return {
      text,
      state: "refused",
      because: say(`${label} is the only voter`, `${label} 是唯一的投票成员`),
    };
  }
  return out.length > 0 && others.length - out.length < needed
    ? {
        text,
        state: "refused",
        because: say(
          `${nameMembers(out).en} ${out.length === 1 ? "is" : "are"} not serving`,
          `${nameMembers(out).zh} 未正常服务`,
        ),
      }
    : {
        text,
        state: "unknown",
        because: say("the state of the other members is not known", "其余成员的状态未知"),
      };
}

/** Every voter serves: what an operation that visits all of them one by one starts from. */
export function allVotersServe(site: Site): Condition {
  const text = say("all voters serve", "所有投票成员都正常服务");
  const voters = site.members.filter(({ isVoter }) => isVoter);
  const not = voters.filter(({ state }) => state !== "serving");
  const isBlind = voters.length === 0 || not.some(({ state }) => state === "unknown");
  if (voters.length > 0 && not.length === 0) {
    return {
      text,
      state: "met",
      because: say(`${voters.length} of ${voters.length} serve`, `${voters.length} 个全部正常服务`),
    };
  }
  return {
    text,
    state: isBlind && not.every(({ state }) => state === "unknown") ? "unknown" : "refused",
    because:
      voters.length === 0
        ? NO_MEMBERS
        : say(
            `${nameMembers(not).en} ${not.length === 1 ? "does" : "do"} not`,
            `${nameMembers(not).zh} 未正常服务`,
          ),
  };
}

/** No etcd runs on the member's node: its files may be touched. */
export function etcdIsStopped(member: SiteMember): Condition {
  const text = say(`etcd on ${member.node} is stopped`, `${member.node} 上的 etcd 已停止`);
  const { view } = member;
  const process = view === undefined ? undefined : findFact(view.state, "process", "process")?.body;
  if (view === undefined || !view.agent.isCurrent || process === undefined) {
    const because = say(`no agent is heard from ${member.node}`, `收不到 ${member.node} 上代理的消息`);
    return { text, state: "unknown", because };
  }
  return process.state === ProcessState.ABSENT
    ? { text, state: "met", because: say("no etcd process there", "该节点没有 etcd 进程") }
    : {
        text,
        state: "refused",
        because: say(`it still runs as process ${process.pid}`, `它仍以进程 ${process.pid} 运行`),
      };
}

export function allStopped(site: Site): Condition {
  const each = site.members.filter(({ state }) => state !== "removed").map(etcdIsStopped);
  return joinConditions(
    say("etcd is stopped on every member's node", "所有成员节点上的 etcd 都已停止"),
    each,
  );
}

/** The others have a leader and a majority: a member can be removed, added, promoted. */
export function clusterServes(site: Site): Condition {
  const text = say("a majority serves and has a leader", "多数派正常服务且有 leader");
  const { quorum, leader, headline, verdict } = site.judged;
  const isServing = leader !== undefined && quorum.serving >= quorum.needed && quorum.voters > 0;
  if (isServing) {
    return {
      text,
      state: "met",
      because: say(
        `${quorum.serving} of ${quorum.voters} voters serve, ${leader.member} leads`,
        `${quorum.voters} 个投票成员中 ${quorum.serving} 个正常服务，leader 是 ${leader.member}`,
      ),
    };
  }
  return { text, state: verdict === "unknown" ? "unknown" : "refused", because: headline };
}

/** For what is only right when the quorum cannot come back by itself. */
export function quorumIsLost(site: Site): Condition {
  const text = say(
    "the quorum is lost, and too few members can be brought back with their data",
    "法定人数已丢失，且能带着数据恢复的成员不足",
  );
  const { quorum, verdict, headline } = site.judged;
  if (verdict === "unknown") {
    return { text, state: "unknown", because: headline };
  }
  if (verdict !== "quorum-lost") {
    return { text, state: "refused", because: headline };
  }
  return {
    text,
    state: "unknown",
    because: say(
      `${quorum.serving} of ${quorum.voters} voters serve; only you can say that the others will not come back`,
      `${quorum.voters} 个投票成员中 ${quorum.serving} 个正常服务；其余是否无法恢复只能由您确认`,
    ),
  };
}

/** The member does not lead: what slows or stops it costs no election. */
export function isNotLeader(site: Site, member: SiteMember): Condition {
  const text = say(`${member.label} does not lead`, `${member.label} 不是 leader`);
  const { leader } = site.judged;
  if (leader === undefined) {
    return { text, state: "unknown", because: say("no leader is known", "不知道 leader 是谁") };
  }
  return leader.member === member.judged?.name
    ? { text, state: "refused", because: say("it is the leader now", "它现在是 leader") }
    : { text, state: "met", because: say(`${leader.member} leads`, `leader 是 ${leader.member}`) };
}

/** Every member's database is below its quota: otherwise the alarm comes back with the next write. */
export function sizesBelow(site: Site, quotaBytes: number): Condition {
  const quota = formatBytes(quotaBytes);
  const text = say(
    `every member's database is below the quota of ${quota}`,
    `每个成员的数据库都低于配额 ${quota}`,
  );
  const sizes = site.members.map(({ label, judged }) => ({ label, bytes: judged?.view.dbSizeBytes }));
  const above = sizes.filter(({ bytes }) => bytes !== undefined && bytes >= quotaBytes * 0.95);
  const blind = sizes.filter(({ bytes }) => bytes === undefined);
  if (above.length > 0) {
    const said = above.map(({ label, bytes }) => `${label} ${formatBytes(bytes ?? 0)}`).join(", ");
    return {
      text,
      state: "refused",
      because: say(`not yet: ${said} as last seen`, `尚未：最近一次看到 ${said}`),
    };
  }
  return blind.length > 0 || sizes.length === 0
    ? { text, state: "unknown", because: say("not every size is known", "并非每个大小都已知") }
    : {
        text,
        state: "met",
        because: say(
          sizes.map(({ label, bytes }) => `${label} ${formatBytes(bytes ?? 0)}`).join(", "),
          sizes.map(({ label, bytes }) => `${label} ${formatBytes(bytes ?? 0)}`).join("、"),
        ),
      };
}

/** What no view shows: the operator must make sure. */
export function byHand(text: Text): Condition {
  const because = say("only you can see that", "这只能由您确认");
  return { text, state: "unknown", because };
}

/** Several as one: the first that refuses decides, then the first that is not known. */
export function bothHold(...conditions: readonly Condition[]): Condition {
  return joinConditions(
    {
      en: conditions.map(({ text }) => text.en).join(", and "),
      zh: conditions.map(({ text }, index) => (index === 0 ? text.zh : spaced(`且${text.zh}`))).join("，"),
    },
    conditions,
  );
}

function joinConditions(text: Text, conditions: readonly Condition[]): Condition {
  const decisive =
    conditions.find(({ state }) => state === "refused") ??
    conditions.find(({ state }) => state === "unknown");
  if (decisive !== undefined) {
    return { text, state: decisive.state, because: decisive.because };
  }
  return conditions.length === 0
    ? { text, state: "unknown", because: NO_MEMBERS }
    : {
        text,
        state: "met",
        because: {
          en: conditions.map(({ because }) => because.en).join("; "),
          zh: conditions.map(({ because }) => because.zh).join("；"),
        },
      };
}

/** A Latin word after a Chinese one is set off by a space. */
function spaced(text: string): string {
  return text.replace(/^(\p{Script=Han})(?=[A-Za-z0-9])/u, "$1 ");
}

const NO_MEMBERS = say("no member list was seen", "没有看到成员列表");

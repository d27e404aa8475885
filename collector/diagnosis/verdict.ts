/** The one word for the cluster and the sentence that goes with it. A table of cases, checked from the surest down. */
import type { Verdict } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import { formatNames } from "./format.ts";

export interface VerdictInput {
  /** undefined: no member list was ever seen. */
  readonly voters: number | undefined;
  readonly needed: number;
  /** Tolerance that the cluster is built for, by what is expected or by its size. */
  readonly built: number;
  /** Names, by state. */
  readonly serving: readonly string[];
  readonly noQuorum: readonly string[];
  /** down, hung or removed: known not to take part. */
  readonly out: readonly string[];
  /** unreachable or unknown: not seen. */
  readonly dark: readonly string[];
  /** Voters in the largest group of those that are up. */
  readonly largestGroup: number;
  /** The same, of those that were asked since the leader was lost and had none. */
  readonly leaderlessGroup: number;
  readonly hasLeader: boolean;
  readonly leaderlessMs: number;
  /** How long no leader may last before it is a fault. */
  readonly electionLimitMs: number;
  readonly agents: { readonly known: number; readonly heard: number };
}

export interface JudgedVerdict {
  readonly verdict: Verdict;
  readonly headline: Text;
}

export function judgeVerdict(input: VerdictInput): JudgedVerdict {
  const { needed, serving, out, dark, noQuorum } = input;
  if (input.agents.heard === 0) {
    return unknown({
      en: `no agent is heard${input.agents.known > 0 ? ` (0 of ${input.agents.known})` : ""}: the collector may be cut off`,
      zh: `收不到任何代理的消息${input.agents.known > 0 ? `（0/${input.agents.known}）` : ""}：采集器可能已被隔离`,
    });
  }
  const voters = input.voters;
  if (voters === undefined || voters === 0) {
    return unknown({ en: "no member list was seen yet", zh: "尚未看到成员列表" });
  }
  if (input.hasLeader && serving.length >= needed) {
    return judgeServing(input, voters);
  }
  if (voters - out.length < needed) {
    return sayLost(input, voters);
  }
  if (input.largestGroup >= needed) {
    return judgeLeaderless(input, voters);
  }
  if (dark.length === 0 && input.leaderlessMs <= input.electionLimitMs) {
    return judgeLeaderless(input, voters);
  }
  if (dark.length === 0 || dark.length + serving.length < needed) {
    return sayLost(input, voters);
  }
  const seen = formatNames(dark);
  const said = [
    noQuorum.length > 0
      ? { en: `${formatNames(noQuorum).en} has no leader`, zh: `${formatNames(noQuorum).zh} 没有 leader` }
      : undefined,
    out.length > 0
      ? { en: `${formatNames(out).en} is out`, zh: `${formatNames(out).zh} 已停止工作` }
      : undefined,
    { en: `${seen.en} cannot be seen`, zh: `看不到 ${seen.zh}` },
  ].filter((text) => text !== undefined);
  return unknown({
    en: `${input.agents.heard} of ${input.agents.known} agents heard, ${said.map(({ en }) => en).join(", ")}: it may be down, or the collector cut off`,
    zh: `${input.agents.known} 个代理中在线 ${input.agents.heard} 个，${said.map(({ zh }) => zh).join("，")}：集群可能故障，也可能是采集器被隔离`,
  });
}

function unknown(why: Text): JudgedVerdict {
  return {
    verdict: "unknown",
    headline: { en: `Cannot tell: ${why.en}`, zh: `无法判断：${why.zh}` },
  };
}

function judgeServing(input: VerdictInput, voters: number): JudgedVerdict {
  const tolerance = input.serving.length - input.needed;
  const count: Text =
    voters === 1
      ? { en: "The only voter serves", zh: "唯一的投票成员正常服务" }
      : {
          en: `${input.serving.length} of ${voters} voters serve`,
          zh: `${voters} 个投票成员中 ${input.serving.length} 个正常服务`,
        };
  if (tolerance === 0 && input.built > 0) {
    return {
      verdict: "at-risk",
      headline: {
        en: `${count.en}: the next failure stops all writes`,
        zh: `${count.zh}：再有一个故障将停止所有写入`,
      },
    };
  }
  const isWhole = input.serving.length === voters && tolerance >= input.built;
  const spare: Text =
    tolerance === 0
      ? { en: "it has no redundancy", zh: "没有冗余" }
      : tolerance === 1
        ? { en: "one may fail", zh: "可容忍 1 个故障" }
        : { en: `${tolerance} may fail`, zh: `可容忍 ${tolerance} 个故障` };
  const short: Text =
    input.serving.length === voters && !isWhole
      ? { en: ", fewer than expected", zh: "，少于预期" }
      : { en: "", zh: "" };
  return {
    verdict: isWhole ? "healthy" : "degraded",
    headline: {
      en: `${count.en}${short.en}: ${spare.en}`,
      zh: `${count.zh}${short.zh}：${spare.zh}`,
    },
  };
}

/** A majority is up and connected; it has no leader, or one that does not get anything done. */
function judgeLeaderless(input: VerdictInput, voters: number): JudgedVerdict {
  const up = input.serving.length + input.noQuorum.length;
  const count: Text = {
    en: `${up} of ${voters} voters are up and connected`,
    zh: `${voters} 个投票成员中 ${up} 个在线且互通`,
  };
  const isProven = input.leaderlessMs > input.electionLimitMs && input.leaderlessGroup >= input.needed;
  if (!input.hasLeader && !isProven) {
    return {
      verdict: "at-risk",
      headline: { en: `${count.en}, electing a leader`, zh: `${count.zh}，正在选举 leader` },
    };
  }
  const what: Text = input.hasLeader
    ? {
        en: "name a leader, but it confirms no reads",
        zh: "知道 leader，但 leader 不能确认读取",
      }
    : { en: "have no leader", zh: "没有 leader" };
  return {
    verdict: "no-leader",
    headline: {
      en: `${count.en} but ${what.en}: no writes, no linearizable reads`,
      zh: `${count.zh}，但${what.zh}：无法写入，也无法线性一致读`,
    },
  };
}

function sayLost(input: VerdictInput, voters: number): JudgedVerdict {
  const up = input.serving.length + input.noQuorum.length;
  const out = formatNames(input.out);
  const parted = up >= input.needed;
  const why: Text = parted
    ? {
        en: `${up} of ${voters} voters are up but cannot reach each other`,
        zh: `${voters} 个投票成员中 ${up} 个在线但彼此不通`,
      }
    : {
        en: `${up} of ${voters} voters up${input.out.length > 0 ? ` (out: ${out.en})` : ""}`,
        zh: `${voters} 个投票成员中 ${up} 个在线${input.out.length > 0 ? `（停止工作：${out.zh}）` : ""}`,
      };
  if (voters === 1) {
    return {
      verdict: "quorum-lost",
      headline: {
        en: "The only voter does not serve: no writes, no linearizable reads",
        zh: "唯一的投票成员不提供服务：无法写入，也无法线性一致读",
      },
    };
  }
  return {
    verdict: "quorum-lost",
    headline: {
      en: `No majority: ${why.en}, ${input.needed} needed: no writes, no linearizable reads`,
      zh: `没有多数派：${why.zh}，需要 ${input.needed} 个：无法写入，也无法线性一致读`,
    },
  };
}

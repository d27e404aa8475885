/** DB_GROWTH: at the rate of the last hours the database reaches its quota, or its disk is full, within days. */
import { findPoint } from "../../view/node-reading.ts";
import type { NodeState } from "../../view/node-state.ts";
import type { Text } from "../../../shared/text.ts";
import { eachMember } from "../each-node.ts";
import type { MemberLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import { formatBytes, formatDuration } from "../format.ts";
import { readQuota } from "../quota.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { memberSubject, RESPOND_WITHIN } from "../rule.ts";

export const dbGrowth: Rule = {
  code: "DB_GROWTH",
  layer: "storage",
  isFault: false,
  respondWithin: { ...RESPOND_WITHIN, warning: "24h" },
  runbook: "db-growth",
  // The rate is of hours, and told once a minute.
  holdMs: 60_000,
  quietMs: 600_000,
  evaluate: eachMember(evaluateMember),
};

interface Forecast {
  readonly what: "db" | "disk";
  readonly inMs: number;
  readonly perSecond: number;
  readonly leftBytes: number;
  readonly overMs: number;
}

function evaluateMember({ member, node, cluster, thresholds }: MemberLook): RuleOutcome {
  const subject = memberSubject(member.name);
  const sinceMs = cluster.nowMs - thresholds.slowStaleMs;
  const quota = readQuota(node.state);
  const used = member.view.dbInUseBytes;
  const rooms = [
    {
      series: "db",
      what: "db" as const,
      left: quota === undefined || used === undefined ? undefined : quota - used,
    },
    ...(["data", "wal"] as const).map((role) => ({
      series: role,
      what: "disk" as const,
      left: findPoint(node.state, { metric: "node_filesystem_avail_bytes", labels: { role } }, sinceMs)
        ?.value,
    })),
  ];
  const forecasts = rooms.flatMap(({ series, what, left }): readonly Forecast[] => {
    const rate = readGrowth(node.state, series, sinceMs);
    return rate === undefined || left === undefined
      ? []
      : [
          {
            what,
            inMs: rate.perSecond > 0 ? (left / rate.perSecond) * 1000 : Infinity,
            leftBytes: left,
            ...rate,
          },
        ];
  });
  if (forecasts.length === 0) {
    const reason = {
      en: `${member.name} has not been watched for the two hours that a forecast takes`,
      zh: `对 ${member.name} 的观察还不到预测所需的两小时`,
    };
    return { kind: "unknown", subject, reason, isBeyondOneLook: true };
  }
  const soonest = forecasts.reduce((one, other) => (other.inMs < one.inMs ? other : one));
  if (soonest.inMs > thresholds.growthMs) {
    const because = {
      en: "at the rate of the last hours neither quota nor disk is used up soon",
      zh: "按最近几小时的速度，配额和磁盘都不会很快用尽",
    };
    return { kind: "ok", subject, because };
  }
  const said = describe(member.name, soonest);
  return {
    kind: "bad",
    subject,
    severity: "warning",
    confidence: "likely",
    title: said.title,
    detail: said.detail,
    evidence: [
      createEvidence(
        { node: node.name, source: soonest.what === "db" ? "Status" : "statfs", atMs: node.state.atMs },
        said.rate,
        {
          value: Math.round(soonest.inMs / 1000),
          threshold: thresholds.growthMs / 1000,
          unit: "seconds",
        },
      ),
    ],
  };
}

function readGrowth(
  node: NodeState,
  what: string,
  sinceMs: number,
): { readonly perSecond: number; readonly overMs: number } | undefined {
  const rate = findPoint(node, { metric: "etcdscope_growth_bytes_per_second", labels: { what } }, sinceMs);
  const window = findPoint(node, { metric: "etcdscope_growth_window_seconds", labels: { what } }, sinceMs);
  return rate === undefined || window === undefined
    ? undefined
    : { perSecond: rate.value, overMs: window.value * 1000 };
}

function describe(
  name: string,
  { what, inMs, perSecond, leftBytes, overMs }: Forecast,
): { readonly title: Text; readonly detail: Text; readonly rate: Text } {
  const [soon, over] = [formatDuration(inMs), formatDuration(overMs)];
  const grows = `${formatBytes(perSecond * 3600)}/h`;
  const left = formatBytes(leftBytes);
  const rate = {
    en: `has grown by ${grows} over the last ${over.en}, and ${left} are left`,
    zh: `最近 ${over.zh}内每小时增长 ${formatBytes(perSecond * 3600)}，剩余 ${left}`,
  };
  return what === "db"
    ? {
        rate,
        title: {
          en: `${name}'s database reaches its quota in about ${soon.en}`,
          zh: `${name} 的数据库约 ${soon.zh}后达到配额`,
        },
        detail: {
          en: `What is in use ${rate.en}; at the quota etcd refuses all writes. See who writes so much, and that old history is compacted`,
          zh: `实际使用量${rate.zh}；达到配额后 etcd 将拒绝所有写入。请查明谁写得这么多，并确认历史在压缩`,
        },
      }
    : {
        rate,
        title: { en: `${name}'s disk is full in about ${soon.en}`, zh: `${name} 的磁盘约 ${soon.zh}后写满` },
        detail: {
          en: `What is used of it ${rate.en}; etcd ends when its disk is full. See what grows there`,
          zh: `已用空间${rate.zh}；磁盘写满后 etcd 会退出。请查明是什么在增长`,
        },
      };
}

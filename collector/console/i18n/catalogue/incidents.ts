/** Words of the incidents and their timeline. */
import type { Text } from "../../../../shared/text.ts";
import type { TimelineKind } from "../../../../shared/rest-incident.ts";

export const INCIDENTS = {
  title: { en: "Incidents", zh: "事件" },
  none: { en: "No incident in the last 30 days", zh: "最近 30 天没有事件" },
  noneHint: {
    en: "Findings that belong together by cause and time are shown here as one incident.",
    zh: "因果与时间上相关的发现会在此合并为一个事件。",
  },
  open: { en: "open", zh: "进行中" },
  resolved: { en: "over", zh: "已结束" },
  maintenance: { en: "maintenance", zh: "维护" },
  began: { en: "Began", zh: "开始" },
  lasted: { en: "Lasted", zh: "持续" },
  what: { en: "What", zh: "内容" },
  state: { en: "State", zh: "状态" },
  findings: { en: "findings", zh: "项发现" },
  reopened: { en: "came back", zh: "再次发生" },
  times: { en: "times", zh: "次" },
  summary: { en: "Summary", zh: "摘要" },
  impact: { en: "Impact", zh: "影响" },
  noWrites: { en: "no writes", zh: "无法写入" },
  leaderless: { en: "no leader", zh: "无 leader" },
  away: { en: "away", zh: "离线" },
  causes: { en: "Causes and effects", zh: "因果关系" },
  timeline: { en: "Timeline by node", zh: "按节点的时间线" },
  wholeCluster: { en: "cluster", zh: "集群" },
  list: { en: "In order", zh: "按时间顺序" },
  changesBefore: { en: "What changed in the day before", zh: "此前一天的变更" },
  noChanges: { en: "No change was seen", zh: "没有发现变更" },
  movers: { en: "What moved most", zh: "变化最大的指标" },
  noMovers: { en: "No metric could be compared", zh: "没有可比较的指标" },
  metric: { en: "Metric", zh: "指标" },
  before: { en: "before", zh: "之前" },
  during: { en: "during", zh: "期间" },
  ratio: { en: "ratio", zh: "倍数" },
  trends: { en: "Trends around it", zh: "前后趋势" },
  report: { en: "Report", zh: "报告" },
  show: { en: "Show the cluster then", zh: "查看当时的集群" },
  replay: { en: "Look at it in time", zh: "按时间查看" },
  unknown: { en: "What this page could not see", zh: "此页无法看到的内容" },
  unsureClock: { en: "clock not measured: the order is not sure", zh: "时钟未校准：顺序不确定" },
  copyLink: { en: "Copy link", zh: "复制链接" },
} as const satisfies Record<string, Text>;

export const TIMELINE_KINDS: Readonly<Record<TimelineKind, Text>> = {
  finding: { en: "finding", zh: "发现" },
  event: { en: "event", zh: "发生" },
  change: { en: "change", zh: "变更" },
  leader: { en: "leader", zh: "leader" },
  incident: { en: "incident", zh: "事件" },
};

/** Words of the page of all clusters. */
import type { Text } from "../../../../shared/text.ts";

export const FLEET = {
  title: { en: "Clusters", zh: "集群" },
  filter: { en: "Filter by name", zh: "按名称筛选" },
  cluster: { en: "Cluster", zh: "集群" },
  verdict: { en: "Verdict", zh: "结论" },
  headline: { en: "In one sentence", zh: "一句话" },
  tolerance: { en: "May still fail", zh: "还可失效" },
  leader: { en: "Leader", zh: "leader" },
  incident: { en: "Incident", zh: "事件" },
  openIncident: { en: "open", zh: "进行中" },
  none: { en: "No cluster has reported yet", zh: "尚无集群上报" },
  noneHint: {
    en: "Start an agent on a control-plane node: it names its cluster, and the cluster appears here.",
    zh: "在控制平面节点上启动代理：它会上报所属集群，集群随即出现在此处。",
  },
  noMatch: { en: "No cluster's name has this in it", zh: "没有名称匹配的集群" },
  allWell: { en: "all healthy", zh: "全部健康" },
  trouble: { en: "need a look", zh: "需要关注" },
  busy: { en: "Proposals, 1 h", zh: "提案，1 小时" },
  busyHour: { en: "Proposals committed in the last hour", zh: "最近一小时已提交提案" },
  most: { en: "at most", zh: "最高" },
  last: { en: "last", zh: "最新" },
} as const satisfies Record<string, Text>;

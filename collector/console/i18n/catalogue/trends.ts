/** Words of the trends. */
import type { Text } from "../../../../shared/text.ts";

export const TRENDS = {
  title: { en: "Trends", zh: "趋势" },
  hint: {
    en: "Drag to zoom, click to see the cluster at that moment. Shaded: incidents. Lines: leader changes, changes (dashed).",
    zh: "拖动可缩放，点击可查看该时刻的集群。阴影：事件；竖线：leader 变更、变更（虚线）。",
  },
  compare: { en: "Compare with the span before", zh: "与前一时段对比" },
  zoomOut: { en: "Zoom out", zh: "还原缩放" },
  add: { en: "Add a metric", zh: "添加指标" },
  remove: { en: "Remove", zh: "移除" },
  csv: { en: "CSV", zh: "CSV" },
  before: { en: "before", zh: "前一时段" },
  inUse: { en: "in use", zh: "已用" },
  quota: { en: "quota", zh: "配额" },
  ofQuota: { en: "of it in use", zh: "已用" },
  most: { en: "most on", zh: "最多的是" },
  reachedIn: { en: "At the rate of the last hours it is reached in about", zh: "按最近几小时的速度，约" },
  reachedAfter: { en: "", zh: "后达到" },
  over: { en: "It is used up.", zh: "配额已用尽。" },
  growsNot: { en: "It does not grow.", zh: "没有增长。" },
  noForecast: {
    en: "No forecast yet: it takes two hours of watching.",
    zh: "尚无预测：需要观察两小时。",
  },
  noPoints: { en: "Nothing was recorded in this span", zh: "此时段没有记录" },
  notThere: { en: "This cluster has never sent this metric", zh: "此集群从未上报该指标" },
} as const satisfies Record<string, Text>;

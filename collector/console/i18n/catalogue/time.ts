/** Words of the time bar. */
import type { Text } from "../../../../shared/text.ts";
import type { SpanName } from "../../time/time-window.ts";

export const TIME = {
  bar: { en: "Time", zh: "时间" },
  slider: { en: "Moment that the page shows", zh: "页面显示的时刻" },
  play: { en: "Play", zh: "播放" },
  pause: { en: "Pause", zh: "暂停" },
  speed: { en: "Speed", zh: "速度" },
  span: { en: "Span", zh: "跨度" },
  now: { en: "Live", zh: "实时" },
  previous: { en: "Mark before", zh: "上一个标记" },
  next: { en: "Mark after", zh: "下一个标记" },
  incident: { en: "incident", zh: "事件" },
  leaderChange: { en: "leader change", zh: "leader 变更" },
  change: { en: "change", zh: "变更" },
  event: { en: "event", zh: "发生的事" },
  custom: { en: "chosen", zh: "自选" },
} as const satisfies Record<string, Text>;

export const SPAN_WORDS: Readonly<Record<SpanName, Text>> = {
  "5m": { en: "5 min", zh: "5 分钟" },
  "15m": { en: "15 min", zh: "15 分钟" },
  "1h": { en: "1 h", zh: "1 小时" },
  "6h": { en: "6 h", zh: "6 小时" },
  "24h": { en: "24 h", zh: "24 小时" },
  "7d": { en: "7 d", zh: "7 天" },
  "30d": { en: "30 d", zh: "30 天" },
};

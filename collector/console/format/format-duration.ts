/** Stretches of time in words short enough for a table. */
import type { Text } from "../../../shared/text.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** "340 ms", "4.2 s", "12 min", "3 h 5 min", "2 d 4 h": two units at most. */
export function formatDuration(ms: number): Text {
  if (ms < SECOND_MS) {
    return both(`${Math.round(ms)} ms`, `${Math.round(ms)} 毫秒`);
  }
  if (ms < MINUTE_MS) {
    const seconds = ms < 10 * SECOND_MS ? (ms / SECOND_MS).toFixed(1) : String(Math.floor(ms / SECOND_MS));
    return both(`${seconds} s`, `${seconds} 秒`);
  }
  if (ms < HOUR_MS) {
    const minutes = Math.floor(ms / MINUTE_MS);
    const seconds = Math.floor((ms % MINUTE_MS) / SECOND_MS);
    return minutes >= 10 || seconds === 0
      ? both(`${minutes} min`, `${minutes} 分钟`)
      : both(`${minutes} min ${seconds} s`, `${minutes} 分 ${seconds} 秒`);
  }
  if (ms < DAY_MS) {
    return pair(Math.floor(ms / HOUR_MS), Math.floor((ms % HOUR_MS) / MINUTE_MS), HOURS);
  }
  return pair(Math.floor(ms / DAY_MS), Math.floor((ms % DAY_MS) / HOUR_MS), DAYS);
}

/** "4 min ago"; the near past is "now", and so is a moment that a clock ahead of ours names. */
export function formatAgo(ms: number): Text {
  if (ms < 2 * SECOND_MS) {
    return { en: "now", zh: "刚刚" };
  }
  const { en, zh } = formatDuration(ms < 10 * SECOND_MS ? Math.floor(ms / SECOND_MS) * SECOND_MS : ms);
  return { en: `${en.replace(".0", "")} ago`, zh: `${zh.replace(".0", "")}前` };
}

interface Units {
  readonly large: Text;
  readonly small: Text;
}

const HOURS: Units = { large: { en: "h", zh: "小时" }, small: { en: "min", zh: "分钟" } };
const DAYS: Units = { large: { en: "d", zh: "天" }, small: { en: "h", zh: "小时" } };

function pair(large: number, small: number, units: Units): Text {
  const rest = small === 0 || large >= 10 ? undefined : small;
  return {
    en: `${large} ${units.large.en}${rest === undefined ? "" : ` ${rest} ${units.small.en}`}`,
    zh: `${large} ${units.large.zh}${rest === undefined ? "" : ` ${rest} ${units.small.zh}`}`,
  };
}

function both(en: string, zh: string): Text {
  return { en, zh };
}

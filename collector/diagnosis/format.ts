/** Numbers and lists as people read them, in both languages. */
import type { Text } from "../../shared/text.ts";

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** 21474836480 → "20 GiB"; three significant digits below 100, none after the point from there on. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const shown = unit === 0 || value >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  return `${shown} ${BYTE_UNITS[unit] ?? ""}`;
}

const DURATIONS = [
  { ms: 86_400_000, en: "d", zh: "天" },
  { ms: 3_600_000, en: "h", zh: "小时" },
  { ms: 60_000, en: "min", zh: "分钟" },
  { ms: 1000, en: "s", zh: "秒" },
  { ms: 1, en: "ms", zh: "毫秒" },
] as const;

/** 90000 → "1.5 min" / "1.5 分钟"; the largest unit that holds at least one; two significant digits. */
export function formatDuration(durationMs: number): Text {
  const value = Math.max(0, durationMs);
  const unit = DURATIONS.find(({ ms }) => value >= ms) ?? { ms: 1, en: "ms", zh: "毫秒" };
  const amount = value / unit.ms;
  const shown = amount >= 10 ? Math.round(amount) : Number(amount.toPrecision(2));
  return { en: `${shown} ${unit.en}`, zh: `${shown} ${unit.zh}` };
}

/** Bounds of a histogram's bucket, in seconds: (0.064, 0.128) → "64-128 ms"; an infinite upper bound → "> 8.2 s". */
export function formatBucket(lowerSeconds: number, upperSeconds: number): string {
  const isInMs = !Number.isFinite(upperSeconds) ? lowerSeconds < 1 : upperSeconds < 2;
  const shown = (seconds: number): number => Number((isInMs ? seconds * 1000 : seconds).toPrecision(4));
  const unit = isInMs ? "ms" : "s";
  return Number.isFinite(upperSeconds)
    ? `${shown(lowerSeconds)}-${shown(upperSeconds)} ${unit}`
    : `> ${shown(lowerSeconds)} ${unit}`;
}

export function formatRatio(ratio: number): string {
  const percent = ratio * 100;
  return `${percent >= 10 || percent === 0 ? Math.round(percent) : Number(percent.toPrecision(2))} %`;
}

/** Names in a row: "m1, m2" / "m1、m2". */
export function formatNames(names: readonly string[]): Text {
  return { en: names.join(", "), zh: names.join("、") };
}

/** RFC 3339 UTC with milliseconds. */
export function formatTime(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** Texts joined as clauses of one sentence. */
export function joinTexts(texts: readonly Text[]): Text {
  return { en: texts.map(({ en }) => en).join("; "), zh: texts.map(({ zh }) => zh).join("；") };
}

/** Below the database's chart: how much of its quota is used, and when it will be used up. */
import type { VNode } from "preact";
import { forecastQuota, type QuotaColumns } from "../../chart/forecast-quota.ts";
import { formatDuration } from "../../format/format-duration.ts";
import { formatBytes } from "../../format/format-value.ts";
import { TRENDS } from "../../i18n/catalogue/trends.ts";
import { say } from "../../i18n/language.ts";

/** As the thresholds of QUOTA_NEAR and DB_GROWTH: what is further away troubles nobody tonight. */
const NEAR_SHARE = 0.8;
const SOON_MS = 4 * 86_400_000;

export function QuotaNote(columns: QuotaColumns): VNode | null {
  const forecast = forecastQuota(columns);
  if (forecast === undefined) {
    return null;
  }
  const { quotaBytes, usedBytes, who, inMs } = forecast;
  const share = usedBytes / quotaBytes;
  return (
    <p class={`trend-note ${classOf(share, inMs)}`}>
      {say(TRENDS.quota)} {formatBytes(quotaBytes)} · {formatShare(share)} {say(TRENDS.ofQuota)} (
      {say(TRENDS.most)} {who}) · {describe(share, inMs)}
    </p>
  );
}

function classOf(share: number, inMs: number | undefined): string {
  if (share >= 1) {
    return "tone-bad";
  }
  return share >= NEAR_SHARE || (inMs ?? Infinity) <= SOON_MS ? "tone-warn" : "muted";
}

function formatShare(share: number): string {
  return share > 0 && share < 0.01 ? "< 1 %" : `${Math.round(share * 100)} %`;
}

function describe(share: number, inMs: number | undefined): string {
  if (share >= 1) {
    return say(TRENDS.over);
  }
  if (inMs === undefined) {
    return say(TRENDS.noForecast);
  }
  return inMs === Infinity
    ? say(TRENDS.growsNot)
    : `${say(TRENDS.reachedIn)} ${say(formatDuration(inMs))}${say(TRENDS.reachedAfter)}.`;
}

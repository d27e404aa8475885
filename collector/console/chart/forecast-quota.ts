/** When the database's quota will be used up, from what is recorded. Pure. */
import type { Columns } from "./to-columns.ts";

export interface QuotaForecast {
  readonly quotaBytes: number;
  /** Of the one that is nearest to its quota. */
  readonly usedBytes: number;
  readonly who: string;
  /** Of the one that will be there first; Infinity: none grows; undefined: too early to tell. */
  readonly inMs: number | undefined;
}

export interface QuotaColumns {
  readonly used: Columns | undefined;
  readonly quota: Columns;
  /** Bytes a second, by node. */
  readonly growth: Columns | undefined;
}

function lastOf(columns: Columns | undefined): ReadonlyMap<string, number> {
  const last = (columns?.lines ?? []).map(
    ({ node, values }) => [node, values.findLast((value) => value !== null)] as const,
  );
  return new Map(last.filter((entry): entry is readonly [string, number] => typeof entry[1] === "number"));
}

/** undefined: quota or use is not known. The smallest quota counts, where they differ. */
export function forecastQuota({ used, quota, growth }: QuotaColumns): QuotaForecast | undefined {
  const quotaBytes = Math.min(...lastOf(quota).values());
  const [most] = [...lastOf(used)].sort((left, right) => right[1] - left[1]);
  if (!Number.isFinite(quotaBytes) || quotaBytes <= 0 || most === undefined) {
    return undefined;
  }
  const [who, usedBytes] = most;
  // A node's name need not be its member's; then what is used most stands for it.
  const rates = [...lastOf(growth)].map(([node, perSecond]) => ({
    left: Math.max(0, quotaBytes - (lastOf(used).get(node) ?? usedBytes)),
    perSecond,
  }));
  const inMs =
    rates.length === 0
      ? undefined
      : Math.min(
          ...rates.map(({ left, perSecond }) => (perSecond > 0 ? (left / perSecond) * 1_000 : Infinity)),
        );
  return { quotaBytes, usedBytes, who, inMs };
}

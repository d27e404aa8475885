/** Durations as people write them in configuration and on the command line: 500ms, 10s, 1h30m, 7d. */

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** "1h30m" → 5400000; undefined for anything else, a number without a unit included. Whole milliseconds. */
export function parseDurationMs(text: string): number | undefined {
  if (!/^(\d{1,9}(\.\d{1,3})?(ms|[smhdw]))+$/.test(text)) {
    return undefined;
  }
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)) {
    totalMs += Number(amount) * (UNIT_MS[unit ?? ""] ?? Number.NaN);
  }
  return Math.round(totalMs);
}

/** 5400000 → "1h30m": exact, with the largest units; 0 is "0s". */
export function formatDurationMs(durationMs: number): string {
  let restMs = Math.max(0, Math.round(durationMs));
  let text = "";
  for (const unit of ["d", "h", "m", "s", "ms"]) {
    const unitMs = UNIT_MS[unit] ?? 1;
    const amount = Math.floor(restMs / unitMs);
    if (amount > 0) {
      text += `${amount}${unit}`;
      restMs -= amount * unitMs;
    }
  }
  return text === "" ? "0s" : text;
}

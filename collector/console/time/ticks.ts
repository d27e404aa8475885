/** The round times that are written below the line of time. Pure. */
import { formatClock } from "../format/format-time.ts";
import type { TimeWindow } from "./span.ts";

const STEPS_MS = [30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400, 432_000].map(
  (seconds) => seconds * 1_000,
);
const DAY_MS = 86_400_000;
const TICKS = 6;
/** Of the line, on either side: what is written nearer to its end would stand out of a narrow page. */
export const TICK_MARGIN = 0.02;

/** At round times of the reader's own zone. */
export function listTicks({ fromMs, toMs }: TimeWindow): readonly number[] {
  const step = STEPS_MS.find((one) => (toMs - fromMs) / one <= TICKS) ?? 5 * DAY_MS;
  const offsetMs = new Date(fromMs).getTimezoneOffset() * 60_000;
  const marginMs = (toMs - fromMs) * TICK_MARGIN;
  const first = Math.ceil((fromMs + marginMs - offsetMs) / step) * step + offsetMs;
  const count = Math.max(0, Math.floor((toMs - marginMs - first) / step) + 1);
  return Array.from({ length: count }, (_, index) => first + index * step);
}

export function formatTick(atMs: number, lengthMs: number): string {
  if (lengthMs > 2 * DAY_MS) {
    const date = new Date(atMs);
    return `${date.getMonth() + 1}-${date.getDate()}`;
  }
  const clock = formatClock(atMs);
  return lengthMs <= 600_000 ? clock : clock.slice(0, 5);
}

/** The stretch that the time bar and the trends show: its length, and where it ends. */
import { computed, signal } from "@preact/signals";
import { nowMs } from "../data/browser-clock.ts";
import { momentMs, route } from "../route/place.ts";
import type { TimeWindow } from "./span.ts";

const MINUTE_MS = 60_000;

/** The lengths that may be chosen, by the word in the address. */
export const SPANS = {
  "5m": 5 * MINUTE_MS,
  "15m": 15 * MINUTE_MS,
  "1h": 60 * MINUTE_MS,
  "6h": 360 * MINUTE_MS,
  "24h": 1_440 * MINUTE_MS,
  "7d": 10_080 * MINUTE_MS,
  "30d": 43_200 * MINUTE_MS,
} as const;

export type SpanName = keyof typeof SPANS;

export const DEFAULT_SPAN: SpanName = "1h";
/** An end that moves with every second would ask for everything anew each second. */
const END_STEP_MS = 5_000;

/** Moves on while the page is open; the end of a window that follows the present. */
const present = signal(nowMs());

let isHeld = false;

/** While somebody drags on it the window stands still: what is under the pointer must stay there. */
export function holdWindow(hold: boolean): void {
  isHeld = hold;
}

setInterval(() => {
  if (!document.hidden && !isHeld) {
    present.value = nowMs();
  }
}, END_STEP_MS);

export const spanName = computed<SpanName>(() => {
  const { span } = route.value.query;
  return span !== undefined && span in SPANS ? (span as SpanName) : DEFAULT_SPAN;
});

/** Fixed by the address ("from", "to" in milliseconds: a zoom or an incident), or of the chosen length up to now. */
export const timeWindow = computed<TimeWindow>(() => {
  const { from, to } = route.value.query;
  const fromMs = Number(from ?? Number.NaN);
  const toMs = Number(to ?? Number.NaN);
  if (fromMs < toMs) {
    return { fromMs, toMs };
  }
  const spanMs = SPANS[spanName.value];
  const atMs = momentMs.value;
  // A moment long past is shown in the middle of its own surroundings.
  const endMs =
    atMs !== undefined && atMs < present.value - spanMs
      ? Math.min(present.value, roundUp(atMs + spanMs / 2, spanMs / 4))
      : present.value;
  return { fromMs: endMs - spanMs, toMs: endMs };
});

/** In steps, so that scrubbing inside of the window does not move it. */
function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

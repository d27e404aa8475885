/** Whether the collector answers: a page that shows old numbers must say so. */
import { signal } from "@preact/signals";
import { nowMs } from "./browser-clock.ts";

/** One lost answer is nothing; a collector that restarts is away for about this long. */
const PATIENCE_MS = 3_000;
const LOOK_MS = 500;

export interface Connection {
  readonly lastAnswerMs: number;
  /** undefined: it answers. */
  readonly silentSinceMs: number | undefined;
}

export const connection = signal<Connection>({ lastAnswerMs: nowMs(), silentSinceMs: undefined });
/** Moves twice a second while something is wrong, so that the age of what is shown counts up. */
export const tick = signal(0);

/** Whether any request was answered, whatever the answer was. */
export function noteAnswer(isAnswered: boolean): void {
  const { silentSinceMs, lastAnswerMs } = connection.peek();
  connection.value = isAnswered
    ? { lastAnswerMs: nowMs(), silentSinceMs: undefined }
    : { lastAnswerMs, silentSinceMs: silentSinceMs ?? nowMs() };
}

/** Milliseconds since the last answer when that is too long ago; undefined while the page is fresh. */
export function staleForMs(): number | undefined {
  const { silentSinceMs, lastAnswerMs } = connection.value;
  if (silentSinceMs === undefined || tick.value < 0) {
    return undefined;
  }
  const ageMs = nowMs() - lastAnswerMs;
  return ageMs > PATIENCE_MS ? ageMs : undefined;
}

setInterval(() => {
  if (connection.peek().silentSinceMs !== undefined) {
    tick.value += 1;
  }
}, LOOK_MS);

/** Plays the recorded time forwards, up to sixty times as fast, until it reaches the present. */
import { signal } from "@preact/signals";
import { nowMs } from "../data/browser-clock.ts";
import { backToLive, scrubTo, shownMs } from "./scrub.ts";

export const SPEEDS = [1, 5, 15, 60] as const;
export type Speed = (typeof SPEEDS)[number];

export const speed = signal<Speed>(15);
export const isPlaying = signal(false);

/** Four looks a second; the scrubber leaves out those that the collector cannot answer in time. */
const LOOK_MS = 250;

let timer: number | undefined;

export function togglePlay(fromMs: number): void {
  if (isPlaying.value) {
    pause();
    return;
  }
  let atMs = shownMs() ?? fromMs;
  let beforeMs = nowMs();
  isPlaying.value = true;
  timer = setInterval(() => {
    const now = nowMs();
    atMs += (now - beforeMs) * speed.value;
    beforeMs = now;
    if (atMs >= now) {
      pause();
      backToLive();
    } else {
      scrubTo(atMs);
    }
  }, LOOK_MS);
}

export function pause(): void {
  clearInterval(timer);
  isPlaying.value = false;
}

/** Keeps a sample that has not changed from being sent at every tick: it is sent again once its time is over. */
import type { Sample } from "../../shared/frame.ts";

export class SampleGate {
  readonly #repeatUs: number;
  readonly #sent = new Map<string, { value: number; atUs: number }>();

  /** repeatMs: how old a value may become before it is sent again unchanged. */
  constructor(repeatMs: number) {
    this.#repeatUs = repeatMs * 1000;
  }

  /** Appends the sample when it is news. */
  add(samples: Sample[], sample: Sample, nowUs: number): void {
    const last = this.#sent.get(sample.key);
    if (last === undefined) {
      this.#sent.set(sample.key, { value: sample.value, atUs: nowUs });
    } else if (last.value === sample.value && nowUs - last.atUs < this.#repeatUs) {
      return;
    } else {
      last.value = sample.value;
      last.atUs = nowUs;
    }
    samples.push(sample);
  }

  /** Everything is news again: a member has gone, and what was kept of it should not stay. */
  forgetAll(): void {
    this.#sent.clear();
  }
}

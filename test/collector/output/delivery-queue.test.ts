import pino from "pino";
import { describe, expect, it } from "vitest";
import { createDeliveryQueue } from "../../../collector/output/delivery-queue.ts";
import { createOutputCounters } from "../../../collector/output/output-counters.ts";
import type { PostAnswer } from "../../../collector/output/post.ts";
import type { Clock } from "../../../shared/clock.ts";

/** Timers that ring when told to. */
function createHandClock(): { readonly clock: Clock; readonly delays: number[]; ring(): void } {
  const calls: (() => void)[] = [];
  const delays: number[] = [];
  return {
    delays,
    clock: {
      nowMs: () => 0,
      monotonicUs: () => 0,
      after: (delayMs, call) => {
        delays.push(delayMs);
        calls.push(call);
        return { cancel: () => undefined };
      },
    },
    ring: () => calls.splice(0).forEach((call) => call()),
  };
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe("collector/output/delivery-queue", () => {
  const answers: (PostAnswer | Error)[] = [];
  const tried: string[] = [];
  const hand = createHandClock();
  const counters = createOutputCounters().webhook;
  const queue = createDeliveryQueue<string>({
    name: "hooks",
    maxWaiting: 3,
    weigh: () => 1,
    deliver: async (entry) => {
      tried.push(entry);
      const answer = answers.shift() ?? { status: 200, text: "" };
      if (answer instanceof Error) {
        throw answer;
      }
      return answer;
    },
    clock: hand.clock,
    random: () => 1,
    log: pino({ level: "silent" }),
    counters,
  });

  it("delivers in order, tries again after a failure with growing delays, and skips what is refused for good", async () => {
    answers.push(
      new Error("refused"),
      { status: 503, text: "" },
      { status: 200, text: "" },
      { status: 400, text: "no" },
    );
    queue.push("a");
    queue.push("b");
    await settled();
    hand.ring();
    await settled();
    hand.ring();
    await settled();
    await settled();
    expect(tried).toEqual(["a", "a", "a", "b"]);
    expect(hand.delays).toEqual([1000, 2000]);
    expect(counters).toEqual({ sentTotal: 1, failuresTotal: 2, droppedTotal: 1 });
    expect(queue.size()).toBe(0);
  });

  it("lets the oldest go when too much waits, and counts it", async () => {
    answers.push(new Error("refused"));
    for (const entry of ["1", "2", "3", "4", "5"]) {
      queue.push(entry);
    }
    await settled();
    expect(queue.size()).toBe(3);
    expect(counters.droppedTotal).toBe(3);
    hand.ring();
    for (let round = 0; round < 5; round += 1) {
      await settled();
    }
    expect(tried.slice(-3)).toEqual(["3", "4", "5"]);
    expect(queue.size()).toBe(0);
  });
});

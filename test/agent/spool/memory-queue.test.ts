import { describe, expect, it } from "vitest";
import fc from "fast-check";

import type { FrameQueue } from "../../../agent/spool/frame-queue.ts";
import { createMemoryQueue } from "../../../agent/spool/memory-queue.ts";
import type { Frame } from "../../../shared/frame.ts";

function frame(sequence: number, samples = 0): Frame {
  return {
    sequence: BigInt(sequence),
    capturedAtMs: 0,
    monotonicUs: 0,
    keyframe: false,
    samples: Array.from({ length: samples }, () => ({ key: "x", value: 1 })),
    facts: [],
    events: [],
    probeRuns: [],
    droppedTotal: 0n,
    clockOffset: undefined,
  };
}

function filled(frames: number, options: Partial<Parameters<typeof createMemoryQueue>[0]> = {}): FrameQueue {
  const queue = createMemoryQueue({ maxFrames: 1000, maxBytes: 1e9, readers: 1, ...options });
  for (let sequence = 1; sequence <= frames; sequence++) {
    queue.push(frame(sequence));
  }
  return queue;
}

describe("agent/spool/memory-queue", () => {
  it("gives frames in order, again and again, until they are acknowledged", () => {
    const reader = filled(3).reader(0);
    expect(reader.next(0n)?.sequence).toBe(1n);
    expect(reader.next(0n)?.sequence).toBe(1n);
    expect(reader.next(2n)?.sequence).toBe(3n);
    expect(reader.next(3n)).toBeUndefined();
    expect([reader.firstSequence(), reader.lastSequence()]).toEqual([1n, 3n]);
    reader.acknowledge(2n);
    expect(reader.next(0n)?.sequence).toBe(3n);
    expect(reader.firstSequence()).toBe(3n);
    reader.acknowledge(3n);
    expect([reader.firstSequence(), reader.lastSequence()]).toEqual([0n, 0n]);
  });

  it("drops the oldest frame when there are too many, and counts it", () => {
    const queue = filled(5, { maxFrames: 3 });
    const reader = queue.reader(0);
    expect(queue.size()).toBe(3);
    expect(reader.next(0n)).toMatchObject({ sequence: 3n, droppedTotal: 2n });
  });

  it("drops the oldest frames when they hold too much, but keeps the newest one whatever its size", () => {
    const queue = createMemoryQueue({ maxFrames: 1000, maxBytes: 3000, readers: 1 });
    queue.push(frame(1));
    queue.push(frame(2, 20));
    queue.push(frame(3, 50));
    expect(queue.reader(0).next(0n)?.sequence).toBe(3n);
    queue.push(frame(4, 500));
    expect(queue.reader(0).next(0n)).toMatchObject({ sequence: 4n, droppedTotal: 3n });
  });

  it("keeps a frame until every collector has it, and counts a loss only for those that had it not", () => {
    const queue = filled(3, { readers: 2, maxFrames: 4 });
    const [one, other] = [queue.reader(0), queue.reader(1)];
    one.acknowledge(3n);
    expect(queue.size()).toBe(3);
    expect(one.next(0n)).toBeUndefined();
    expect(other.next(0n)?.sequence).toBe(1n);
    queue.push(frame(4));
    queue.push(frame(5));
    expect([one.droppedTotal(), other.droppedTotal()]).toEqual([0n, 1n]);
    other.acknowledge(4n);
    expect(queue.size()).toBe(2);
  });

  it("stamps each collector's own clock on what it reads", () => {
    const queue = filled(1, { readers: 2 });
    const offset = { offsetUs: 5, roundTripUs: 9 };
    queue.reader(0).measureClock(offset);
    expect(queue.reader(0).next(0n)?.clockOffset).toEqual(offset);
    expect(queue.reader(1).next(0n)?.clockOffset).toBeUndefined();
  });

  it("takes an acknowledgement of what it never held, and an old one, without harm", () => {
    const queue = filled(3);
    queue.reader(0).acknowledge(100n);
    queue.reader(0).acknowledge(1n);
    expect(queue.size()).toBe(0);
    queue.push(frame(4));
    expect(queue.reader(0).next(0n)).toBeUndefined();
    queue.push(frame(101));
    expect(queue.size()).toBe(2);
  });

  it("loses no frame and gives none twice, whatever the order of pushes and acknowledgements", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 300 }), (steps) => {
        const queue = createMemoryQueue({ maxFrames: 20, maxBytes: 1e9, readers: 1 });
        const reader = queue.reader(0);
        let pushed = 0;
        let acknowledged = 0;
        let lost = 0;
        for (const step of steps) {
          if (step < 4) {
            pushed += 1;
            queue.push(frame(pushed));
            continue;
          }
          const next = reader.next(0n);
          if (next !== undefined) {
            lost += Number(next.sequence) - acknowledged - 1;
            acknowledged = Number(next.sequence);
            reader.acknowledge(next.sequence);
          }
        }
        const oldest = reader.firstSequence();
        lost += oldest === 0n ? 0 : Number(oldest) - acknowledged - 1;
        expect(Number(reader.droppedTotal())).toBe(lost);
        expect(queue.size()).toBe(
          pushed - acknowledged - (oldest === 0n ? 0 : Number(oldest) - acknowledged - 1),
        );
      }),
    );
  });
});

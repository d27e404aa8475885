import { describe, expect, it } from "vitest";
import { chooseForgotten, type KeptAnswer } from "../../../collector/console/data/choose-forgotten.ts";

const NOW_MS = 1_000_000;

function kept(path: string, ageMs: number, isInUse = false): KeptAnswer {
  return { path, isInUse, usedAtMs: NOW_MS - ageMs };
}

describe("collector/console/data/choose-forgotten", () => {
  it("forgets what nobody has looked at for longest, and no more than it must", () => {
    const answers = [kept("a", 20_000), kept("b", 90_000), kept("c", 50_000), kept("d", 80_000, true)];
    expect(chooseForgotten(answers, { nowMs: NOW_MS, atMost: 2 })).toEqual(["b", "c"]);
    expect(chooseForgotten(answers, { nowMs: NOW_MS, atMost: 4 })).toEqual([]);
  });

  it("keeps what has just been asked for, however many answers are in use", () => {
    const used = Array.from({ length: 80 }, (_, index) => kept(`used ${index}`, 60_000, true));
    expect(chooseForgotten([...used, kept("new", 0)], { nowMs: NOW_MS, atMost: 60 })).toEqual([]);
  });
});

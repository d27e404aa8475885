import { describe, expect, it } from "vitest";
import { createRandom, mutate } from "./mutate.ts";
import { runFuzz } from "./run-fuzz.ts";

/** By hand: npm run fuzz -- --inputs 1000000. */
const INPUTS = Number(process.env["ETCDSCOPE_FUZZ_INPUTS"] ?? 15_000);

describe("fuzz", { timeout: 600_000 }, () => {
  it("finds no bytes that break what reads them", async () => {
    const report = await runFuzz({ inputs: INPUTS, seed: 1 });
    expect(
      report.crashes.map(({ target, seed, error }) => `${target}, seed ${seed}: ${String(error)}`),
    ).toEqual([]);
    expect(report.inputs).toBe(INPUTS);
    expect([...report.byTarget.values()].every((count) => count > 0)).toBe(true);
  });

  it("makes the same input of the same seed, and others of others", () => {
    const samples = [Buffer.from("abcdefghijklmnopqrstuvwxyz")];
    const inputs = Array.from({ length: 50 }, (_, seed) =>
      mutate(samples, createRandom(seed)).toString("hex"),
    );
    expect(
      Array.from({ length: 50 }, (_, seed) => mutate(samples, createRandom(seed)).toString("hex")),
    ).toEqual(inputs);
    expect(new Set(inputs).size).toBeGreaterThan(40);
  });
});

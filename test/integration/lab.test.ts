/**
 * The ten most important faults of the lab on a real cluster: the right root cause first and no other, the verdict within 5 s, the
 * cause within 10 s. All of them, on both versions: `npm run lab`. Needs root (namespaces, loop mounts).
 */
import { afterAll, describe, expect, it } from "vitest";
import { findWhyNotRoot } from "../lab/availability.ts";
import { FAULTS } from "../lab/faults/registry.ts";
import { createWard, runOne } from "../lab/ward.ts";

const FAULT_LIMIT_MS = 240_000;
/** What the machine under the test lacks is told as well, and rightly. */
const OF_THE_MACHINE =
  /^(?:CPU_STARVED|MEMORY_PRESSURE|DISK_SLOW|DISK_CONTENDED|HEARTBEATS_LATE|SLOW_REQUESTS) /;

describe("test/integration/lab", () => {
  const ward = createWard("3.5");
  afterAll(async () => await ward.discard(), FAULT_LIMIT_MS);

  for (const fault of FAULTS.filter(({ isShort }) => isShort === true)) {
    it(`names the cause of ${fault.name} first and alone`, { timeout: FAULT_LIMIT_MS }, async (context) => {
      const notRoot = findWhyNotRoot();
      if (notRoot !== undefined) {
        context.skip(notRoot.because);
        return;
      }
      const run = await runOne(fault, "3.5", { ward });
      if (run.skipped !== undefined) {
        context.skip(run.skipped);
        return;
      }
      expect(run.isFirstRight, `${run.first}; ${run.note}`).toBe(true);
      expect(
        run.extras.filter((cause) => !OF_THE_MACHINE.test(cause)),
        run.note,
      ).toEqual([]);
      const seconds = `verdict after ${run.verdictSeconds ?? "never"} s, cause after ${run.causeSeconds ?? "never"} s`;
      expect(run.isInTime, seconds).toBe(true);
    });
  }
});

import { describe, expect, it } from "vitest";
import { createMaintenance, type MaintenanceOptions } from "../../../collector/history/maintenance.ts";
import type { RetentionRequest, Work } from "../../../collector/history/worker-protocol.ts";
import { EtcdscopeError } from "../../../shared/errors.ts";
import { createManualClock } from "../../agent/manual-clock.ts";
import { createTestLog } from "../ingest/test-frames.ts";

const FULL = { removedRows: 0, removedRuns: 0, hasMore: false, isShort: true, fileBytes: 2000 };
const NOTHING = { work: undefined, troubles: [] };

interface Run {
  readonly asked: RetentionRequest[];
  readonly maintenance: ReturnType<typeof createMaintenance>;
  readonly pass: (steps: number) => Promise<void>;
}

function start(overrides: Partial<MaintenanceOptions>): Run {
  const clock = createManualClock();
  const asked: RetentionRequest[] = [];
  const maintenance = createMaintenance({
    rawMs: 1,
    rollupsMs: 1,
    aroundIncidentsMs: 1,
    maxBytes: 1000,
    clock,
    log: createTestLog(),
    retain: (request) => {
      asked.push(request);
      return Promise.resolve(FULL);
    },
    plan: () => Promise.resolve(NOTHING),
    store: () => Promise.resolve(),
    onTrouble: () => undefined,
    fileNumber: () => 0,
    mayPack: () => true,
    ...overrides,
  });
  maintenance.start();
  return {
    asked,
    maintenance,
    pass: async (steps) => {
      for (let step = 0; step < steps; step += 1) {
        await clock.advance(10_000);
      }
    },
  };
}

/** What is prepared: its kind alone counts here. */
const PACKED = { work: { kind: "pack" } as Work, troubles: [] };

const fail = (): Promise<never> =>
  Promise.reject(new EtcdscopeError("STORAGE_FAILED", "History: disk I/O error"));

describe("collector/history/maintenance", () => {
  it("loses what is too much when the compactor has nothing left", async () => {
    const { asked, pass } = start({});
    await pass(3);
    expect(asked.map(({ mayLose }) => mayLose)).toEqual([false, true, true]);
  });

  it("keeps to the bound when the compactor fails again and again, and says that it does", async () => {
    const { asked, maintenance, pass } = start({ plan: fail });
    await pass(2);
    expect(maintenance.failure()).toBeUndefined();
    await pass(3);
    expect(asked.map(({ mayLose }) => mayLose)).toEqual([false, false, false, true, true]);
    expect(maintenance.failure()?.message).toBe("History: disk I/O error");
  });

  it("loses what is too much although there is always something to pack", async () => {
    const { asked, pass } = start({ plan: () => Promise.resolve(PACKED) });
    await pass(1);
    expect(asked.slice(0, 3).map(({ mayLose }) => mayLose)).toEqual(
      [false, true, true].slice(0, asked.length),
    );
    expect(asked.length).toBeGreaterThan(0);
    await pass(1);
    expect(asked.at(-1)?.mayLose).toBe(true);
  });

  it("packs nothing while what landed is read by its rows' numbers, also what is prepared already", async () => {
    let isReading = false;
    const stored: string[] = [];
    const wished: boolean[] = [];
    const { pass } = start({
      plan: ({ mayPack }) => {
        wished.push(mayPack);
        isReading = true;
        return Promise.resolve(PACKED);
      },
      mayPack: () => !isReading,
      store: ({ kind }) => {
        stored.push(kind);
        return Promise.resolve();
      },
    });
    await pass(2);
    expect([wished[0], wished.at(-1)]).toEqual([true, false]);
    expect(stored).toEqual([]);
  });

  it("compacts while nothing can be removed", async () => {
    let plans = 0;
    const { maintenance, pass } = start({
      retain: fail,
      plan: () => {
        plans += 1;
        return Promise.resolve(NOTHING);
      },
    });
    await pass(4);
    expect(plans).toBe(4);
    expect(maintenance.failure()).toMatchObject({ message: "History: disk I/O error" });
  });

  it("forgets failures that are over", async () => {
    let isFailing = true;
    const { maintenance, pass } = start({
      plan: () => (isFailing ? fail() : Promise.resolve(NOTHING)),
    });
    await pass(4);
    expect(maintenance.failure()).toBeDefined();
    isFailing = false;
    await pass(1);
    expect(maintenance.failure()).toBeUndefined();
  });

  it("hands on what the compactor passed over, but not of a file that is in use no more", async () => {
    const trouble = { kind: "thin", code: "STORAGE_CORRUPT", reason: "corrupt", message: "no" } as const;
    const told: string[] = [];
    let files = 0;
    const { pass } = start({
      plan: () => {
        files += 1;
        return Promise.resolve({ work: undefined, troubles: [trouble] });
      },
      fileNumber: () => (files === 2 ? 1 : 0),
      onTrouble: ({ message }) => told.push(message),
    });
    await pass(1);
    expect(told).toEqual(["no"]);
    await pass(1);
    expect(told).toEqual(["no"]);
  });
});

import { describe, expect, it } from "vitest";

import type { EtcdDoor } from "../../../agent/etcd/etcd-door.ts";
import type { HostDoor } from "../../../agent/host/host-door.ts";
import type { CompletedRun } from "../../../agent/probe/completed-run.ts";
import type { Observation, Probe, ProbeContext } from "../../../agent/probe/probe.ts";
import { createScheduler } from "../../../agent/probe/scheduler.ts";
import type { Scheduler } from "../../../agent/probe/scheduler.ts";
import { EtcdscopeError } from "../../../shared/errors.ts";
import { Outcome } from "../../../shared/gen/etcdscope/v1/stream_pb.js";
import { createManualClock } from "../manual-clock.ts";
import type { ManualClock } from "../manual-clock.ts";

interface Begun {
  readonly clock: ManualClock;
  readonly scheduler: Scheduler;
  readonly runs: CompletedRun[];
}

function begin(...probes: readonly Probe[]): Begun {
  const clock = createManualClock();
  const runs: CompletedRun[] = [];
  const scheduler = createScheduler({
    probes,
    intervals: { fastMs: 1000, normalMs: 10_000, slowMs: 60_000 },
    clock,
    random: () => 0.5,
    // No probe of these tests asks a door.
    context: () => ({ host: {} as HostDoor, etcd: {} as EtcdDoor, discovered: undefined, clock }),
    onRun: (run) => runs.push(run),
    onForget: () => undefined,
  });
  return { clock, scheduler, runs };
}

function probe(
  name: string,
  run: (context: ProbeContext) => Promise<Observation>,
  rest: Partial<Probe> = {},
): Probe {
  return { name, cadence: "fast", timeLimitMs: 1500, run, ...rest };
}

describe("agent/probe/scheduler", () => {
  it("makes every outcome into data", async () => {
    const f = async (thrown: unknown, want: Partial<CompletedRun>): Promise<void> => {
      const { clock, scheduler, runs } = begin(probe("p", () => Promise.reject(thrown as Error)));
      scheduler.start();
      await clock.advance(1);
      expect(runs).toMatchObject([{ probe: "p", ...want }]);
    };
    await f(new EtcdscopeError("UNAVAILABLE", "It is away", { reason: "refused" }), {
      outcome: Outcome.FAILED,
      errorCode: "refused",
      errorText: "It is away",
    });
    await f(new EtcdscopeError("NOT_APPLICABLE", "No etcd"), {
      outcome: Outcome.SKIPPED,
      errorCode: "not_applicable",
    });
    await f(new EtcdscopeError("TIMED_OUT", "Late"), { outcome: Outcome.TIMED_OUT });
    await f(new TypeError("a fault of ours"), { outcome: Outcome.FAILED, errorCode: "internal" });
    await f("text", { outcome: Outcome.FAILED, errorText: "text" });
  });

  it("takes a throw before the first promise for a failure too", async () => {
    const { clock, scheduler, runs } = begin(
      probe("p", () => {
        throw new Error("at once");
      }),
    );
    scheduler.start();
    await clock.advance(1);
    expect(runs).toMatchObject([{ outcome: Outcome.FAILED, errorText: "at once" }]);
  });

  it("lets a hung probe delay nobody, tells it to stop, and reports it again and again", async () => {
    let aborted = 0;
    let release: () => void = () => undefined;
    const hung = probe("hung", ({ signal }) => {
      signal.addEventListener("abort", () => (aborted += 1));
      return new Promise((resolve) => {
        release = () => resolve({ samples: [{ key: "late", value: 1 }] });
      });
    });
    const { clock, scheduler, runs } = begin(
      hung,
      probe("well", () => Promise.resolve({})),
    );
    scheduler.start();
    await clock.advance(4000);
    expect(aborted).toBe(1);
    expect(runs.filter((run) => run.probe === "well")).toHaveLength(5);
    const timedOut = runs.filter((run) => run.probe === "hung");
    expect(timedOut.map(({ outcome }) => outcome)).toEqual(
      [Outcome.TIMED_OUT, Outcome.TIMED_OUT, Outcome.TIMED_OUT, Outcome.TIMED_OUT].slice(0, timedOut.length),
    );
    expect(timedOut.map(({ durationUs }) => durationUs)).toEqual([
      1_500_000, 2_000_000, 3_000_000, 4_000_000,
    ]);
    release();
    await clock.advance(100);
    expect(runs.some(({ observation }) => observation.samples !== undefined)).toBe(false);
    await clock.advance(900);
    expect(aborted).toBe(1);
    release();
    await clock.advance(1);
    expect(runs.some(({ observation }) => observation.samples !== undefined)).toBe(true);
  });

  it("runs at once what an observation triggers", async () => {
    let reads = 0;
    const { clock, scheduler } = begin(
      probe("status", () => Promise.resolve({ trigger: ["read"] })),
      probe("read", () => Promise.resolve({}).finally(() => (reads += 1)), { cadence: "slow" }),
    );
    scheduler.start();
    await clock.advance(999);
    expect(reads).toBe(2);
    await clock.advance(2);
    expect(reads).toBe(3);
  });

  it("hands each target to its own run", async () => {
    const seen: string[] = [];
    const { clock, scheduler } = begin(
      probe("p", ({ target }) => Promise.resolve({}).finally(() => seen.push(target)), {
        targets: () => ["a", "b"],
      }),
    );
    scheduler.start();
    await clock.advance(1);
    expect(seen).toEqual(["a", "b"]);
  });

  it("reports nothing after it was stopped", async () => {
    let wasAborted = false;
    const { clock, scheduler, runs } = begin(
      probe(
        "p",
        ({ signal }) =>
          new Promise((resolve) => {
            signal.addEventListener("abort", () => {
              wasAborted = true;
              resolve({});
            });
          }),
      ),
    );
    scheduler.start();
    scheduler.stop();
    await clock.advance(5000);
    expect(wasAborted).toBe(true);
    expect(runs).toEqual([]);
  });
});

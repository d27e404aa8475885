import { describe, expect, it } from "vitest";

import { SchedulerCore } from "../../../agent/probe/scheduler-core.ts";
import type { ScheduledProbe, SchedulerAction } from "../../../agent/probe/scheduler-core.ts";

function probe(name: string, rest: Partial<ScheduledProbe> = {}): ScheduledProbe {
  return { name, timeLimitMs: 1500, intervalMs: 1000, phase: 0.5, targets: () => [""], ...rest };
}

/** The actions at a time, as "kind probe/target". */
function tick(core: SchedulerCore, ms: number): string[] {
  return core.tick({ ms, wallMs: ms }).map(describeAction);
}

function describeAction(action: SchedulerAction): string {
  return `${action.kind} ${action.probe}/${action.target}`;
}

/** Ends the run that these actions began last. */
function runIds(core: SchedulerCore, ms: number): number[] {
  return core.tick({ ms, wallMs: ms }).flatMap((action) => (action.kind === "run" ? [action.run] : []));
}

describe("agent/probe/scheduler-core", () => {
  it("runs everything at the start, then each at its own time", () => {
    const core = new SchedulerCore([probe("fast"), probe("slow", { intervalMs: 60_000, phase: 0.25 })]);
    const runs = runIds(core, 0);
    expect(runs).toHaveLength(2);
    runs.forEach((run) => core.end(run));
    expect(core.nextMs()).toBe(1000);
    expect(tick(core, 999)).toEqual([]);
    expect(tick(core, 1000)).toEqual(["run fast/"]);
    core.end(3);
    expect(tick(core, 44_999)).toEqual(["run fast/"]);
    expect(tick(core, 45_000)).toEqual(["run slow/"]);
  });

  it("does not burst after a pause of the machine", () => {
    const core = new SchedulerCore([probe("fast")]);
    runIds(core, 0).forEach((run) => core.end(run));
    expect(tick(core, 60_300)).toEqual(["run fast/"]);
    core.end(2);
    expect(core.nextMs()).toBe(61_000);
  });

  it("leaves a target that rests out of the ticks, but not out of what a trigger asks", () => {
    const core = new SchedulerCore([probe("status", { targets: () => ["m1", "m2"] })]);
    runIds(core, 0).forEach((run) => core.end(run));
    core.rest({ probe: "status", target: "m2", forMs: 1500 });
    expect(tick(core, 1000)).toEqual(["run status/m1"]);
    core.end(3);
    expect(tick(core, 2000)).toEqual(["run status/m1", "run status/m2"]);
    core.end(4);
    core.end(5);
    core.rest({ probe: "status", target: "m2", forMs: 1500 });
    core.trigger("status", { ms: 2300, wallMs: 2300 });
    expect(tick(core, 2300)).toEqual(["run status/m1", "run status/m2"]);
    core.end(6);
    core.end(7);
    expect(tick(core, 3000)).toEqual(["run status/m1", "run status/m2"]);
  });

  it("never runs a probe and target twice at once, while other targets go on", () => {
    const core = new SchedulerCore([probe("status", { targets: () => ["m1", "m2"] })]);
    const [m1] = runIds(core, 0);
    expect(core.end(m1!)).toBe(true);
    expect(tick(core, 1000)).toEqual(["run status/m1"]);
  });

  it("asks a probe for its targets when it is triggered and had none, and keeps its own time", () => {
    const targets: string[] = [];
    const core = new SchedulerCore([
      probe("filesystem", { intervalMs: 10_000, phase: 0, targets: () => targets }),
    ]);
    expect(tick(core, 0)).toEqual([]);
    core.trigger("filesystem", { ms: 100, wallMs: 100 });
    expect(core.nextMs()).toBe(100);
    expect(tick(core, 100)).toEqual([]);
    targets.push("data");
    core.trigger("filesystem", { ms: 200, wallMs: 200 });
    expect(tick(core, 200)).toEqual(["run filesystem/data"]);
    core.end(1);
    expect(core.nextMs()).toBe(5000);
  });

  it("aborts a run at its limit, and takes a result that comes late for too late", () => {
    const core = new SchedulerCore([probe("status")]);
    const [run] = runIds(core, 0);
    tick(core, 1000);
    expect(core.nextMs()).toBe(1500);
    expect(tick(core, 1500)).toEqual(["abort status/"]);
    expect(core.end(run!)).toBe(false);
    expect(tick(core, 2000)).toEqual(["run status/"]);
  });

  it("reports a run that ignores its limit on each due tick, and starts it again when it has ended", () => {
    const core = new SchedulerCore([probe("fsync")]);
    const [run] = runIds(core, 0);
    tick(core, 1000);
    expect(tick(core, 1500)).toEqual(["abort fsync/"]);
    expect(tick(core, 2000)).toEqual(["stuck fsync/"]);
    expect(tick(core, 2500)).toEqual([]);
    expect(tick(core, 3000)).toEqual(["stuck fsync/"]);
    core.end(run!);
    expect(tick(core, 4000)).toEqual(["run fsync/"]);
  });

  it("aborts, and does not also report, a run whose limit and next turn have both passed", () => {
    const core = new SchedulerCore([probe("fsync")]);
    runIds(core, 0);
    expect(tick(core, 5000)).toEqual(["abort fsync/"]);
    expect(tick(core, 6000)).toEqual(["stuck fsync/"]);
  });

  it("runs at once what is triggered, all its targets, and once more what is running already", () => {
    const core = new SchedulerCore([probe("read", { intervalMs: 10_000, targets: () => ["a", "b"] })]);
    const [a, b] = runIds(core, 0);
    core.end(a!);
    core.trigger("read", { ms: 500, wallMs: 500 });
    expect(core.nextMs()).toBe(500);
    expect(tick(core, 500)).toEqual(["run read/a"]);
    core.end(b!);
    expect(tick(core, 501)).toEqual(["run read/b"]);
    core.trigger("nothing", { ms: 501, wallMs: 501 });
  });

  it("keeps two probes that trigger each other from spinning", () => {
    const core = new SchedulerCore([probe("read", { intervalMs: 10_000 })]);
    runIds(core, 0).forEach((run) => core.end(run));
    let runs = 0;
    for (let ms = 1000; ms < 2000; ms++) {
      core.trigger("read", { ms, wallMs: ms });
      runIds(core, ms).forEach((run) => {
        runs += 1;
        core.end(run);
      });
    }
    expect(runs).toBe(5);
  });

  it("forgets a target that went away, also while it runs, and begins a new one", () => {
    let targets = ["m1", "m2"];
    const core = new SchedulerCore([probe("status", { targets: () => targets })]);
    const [, m2] = runIds(core, 0);
    targets = ["m1", "m3"];
    expect(tick(core, 1000)).toEqual(["forget status/m2", "run status/m3"]);
    expect(core.end(m2!)).toBe(false);
  });

  it("looks at no more than 32 targets", () => {
    const targets = Array.from({ length: 40 }, (_, index) => `m${index}`);
    expect(runIds(new SchedulerCore([probe("status", { targets: () => targets })]), 0)).toHaveLength(32);
  });

  it("runs a probe with its own time at its phase of the wall clock, not at the start", () => {
    const timing = { intervalMs: 5000, phaseMs: 1000 };
    const core = new SchedulerCore([probe("fsync", { timing: () => timing })]);
    expect(core.tick({ ms: 0, wallMs: 1_000_003_500 })).toEqual([]);
    expect(core.nextMs()).toBe(2500);
    expect(core.tick({ ms: 2500, wallMs: 1_000_006_000 })).toHaveLength(1);
    expect(core.nextMs()).toBe(4000);
    core.end(1);
    expect(core.nextMs()).toBe(7500);
  });

  it("counts a timer that rings a little early as this turn", () => {
    const core = new SchedulerCore([probe("fsync", { timing: () => ({ intervalMs: 5000, phaseMs: 0 }) })]);
    core.tick({ ms: 0, wallMs: 0 });
    expect(core.tick({ ms: 5000, wallMs: 4999 })).toHaveLength(1);
    core.end(1);
    expect(core.nextMs()).toBe(10_001);
  });

  it("asks for the time again when settings have changed", () => {
    let phaseMs = 0;
    const core = new SchedulerCore([probe("fsync", { timing: () => ({ intervalMs: 5000, phaseMs }) })]);
    core.tick({ ms: 0, wallMs: 0 });
    phaseMs = 1700;
    core.retime({ ms: 100, wallMs: 100 });
    expect(core.nextMs()).toBe(1700);
  });
});

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ClosableEtcdDoor } from "../../agent/etcd/create-etcd-door.ts";
import { findChildrenCpuUs } from "../../agent/host/find-children-cpu.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { measureProbeCosts } from "../../agent/probe-cost.ts";
import type { ProbeCost } from "../../agent/summarize-cost.ts";
import { runCost } from "../../cli/run-cost.ts";
import { systemClock } from "../../shared/clock.ts";
import { createPlainTerminal } from "../cli/plain-terminal.ts";
import { fakeEtcd } from "./probe/fake-etcd.ts";
import { TEST_CONFIG } from "./probe/probe-context.ts";
import { silentLog } from "./silent-log.ts";

const FIXTURE = join(import.meta.dirname, "../fixture/proc");

/** Takes so many milliseconds of CPU in a process of its own. */
function burn(ms: number): void {
  const script = `const until = process.cpuUsage().user + ${ms * 1000}; while (process.cpuUsage().user < until);`;
  spawnSync(process.execPath, ["-e", script]);
}

describe("agent/host/find-children-cpu", () => {
  it("counts children that have ended, and those that still run", () => {
    const before = findChildrenCpuUs();
    burn(60);
    expect(findChildrenCpuUs() - before).toBeGreaterThanOrEqual(50_000);
    const procRoot = mkdtempSync(join(tmpdir(), "children-"));
    try {
      const stat = (pid: number, ticks: string): string =>
        `${pid} (a b) S 1 1 1 0 -1 0 0 0 0 0 ${ticks} 20 0 1 0 273142 1 1`;
      mkdirSync(join(procRoot, "self/task/7"), { recursive: true });
      mkdirSync(join(procRoot, "9"));
      writeFileSync(join(procRoot, "self/stat"), stat(7, "100 100 3 4"));
      writeFileSync(join(procRoot, "self/task/7/children"), "9 10 ");
      writeFileSync(join(procRoot, "9/stat"), stat(9, "1 2 10 20"));
      expect(findChildrenCpuUs(procRoot)).toBe((7 + 33) * 10_000);
      expect(findChildrenCpuUs(join(procRoot, "nowhere"))).toBe(0);
    } finally {
      rmSync(procRoot, { recursive: true });
    }
  });
});

describe("agent/probe-cost", () => {
  it("runs what rests anew each time, with its children, and says what it did not measure", async () => {
    const etcd: ClosableEtcdDoor = { ...fakeEtcd(), close: () => Promise.resolve() } as ClosableEtcdDoor;
    let looks = 0;
    const host = {
      ...createLinuxHost({ clock: systemClock, procRoot: FIXTURE }),
      readFirewall: () => {
        looks += 1;
        burn(20);
        return Promise.resolve({ rules: [], problem: "" });
      },
    };
    const costs = await measureProbeCosts({
      config: { ...TEST_CONFIG, etcd: { ...TEST_CONFIG.etcd, name: "m1" } },
      clock: systemClock,
      log: silentLog,
      host,
      createEtcdDoor: () => etcd,
      rounds: 3,
    });
    const of = (probe: string): ProbeCost | undefined => costs.find((cost) => cost.probe === probe);
    // Once for each round, once before them, and once before all.
    expect(looks).toBe(5);
    expect(of("firewall")?.problems).toEqual([]);
    expect(of("firewall")?.everyMs).toBe(3_600_000);
    expect(of("firewall")?.cpuMs).toBeGreaterThan(15);
    expect(of("backups")).toMatchObject({ targets: 0, problems: ["no_target"] });
  });

  it("is told as a table, also where no etcd runs", async () => {
    const terminal = createPlainTerminal();
    const config = { ...TEST_CONFIG, etcd: { ...TEST_CONFIG.etcd, name: "nobody-has-this-name" } };
    expect(await runCost(config, terminal)).toBe(0);
    expect(terminal.output()).toMatch(/^filesystem .* no_target$/m);
    expect(terminal.output()).toMatch(/^node +1m +1 +\d/m);
  });
});

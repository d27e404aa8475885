import { describe, expect, it } from "vitest";
import { createWatchedEtcd, type WatchedEtcd } from "../../../agent/discovery/watched-etcd.ts";
import type { HostDoor } from "../../../agent/host/host-door.ts";
import { createLinuxHost } from "../../../agent/host/linux-host.ts";
import type { Clock } from "../../../shared/clock.ts";
import { systemClock } from "../../../shared/clock.ts";
import { EtcdscopeError } from "../../../shared/errors.ts";
import { silentLog } from "../silent-log.ts";

const UNIT = "/etc/systemd/system/etcd.service";

interface Machine {
  nowMs: number;
  files: Record<string, string>;
  /** Command lines by process id. */
  processes: Record<number, readonly string[]>;
  reads: number;
}

function watch(machine: Machine): { readonly watched: WatchedEtcd; readonly changes: string[] } {
  const clock: Clock = { ...systemClock, monotonicUs: () => machine.nowMs * 1000 };
  const host: HostDoor = {
    ...createLinuxHost({ clock }),
    listProcessIds: () => Object.keys(machine.processes).map(Number),
    findProcessName: () => "etcd",
    findProcessStat: (pid) =>
      machine.processes[pid] === undefined ? undefined : ({ pid, startTicks: 1, state: "S" } as never),
    findProcessArguments: (pid) => machine.processes[pid],
    findProcessExecutable: () => "/usr/bin/etcd",
    findProcessEnvironment: () => ({}),
    findProcessDirectory: () => "/",
    findProcessUser: () => ({ uid: 0, gids: [0] }),
    sharesMounts: () => true,
    sharesNetwork: () => true,
    listDirectory: () => Promise.resolve([]),
    readSmallFile: (path) => {
      machine.reads += 1;
      const text = machine.files[path];
      return text === undefined
        ? Promise.reject(new EtcdscopeError("NOT_FOUND", `${path} is not there`, { reason: "not_found" }))
        : Promise.resolve(Buffer.from(text));
    },
  };
  const changes: string[] = [];
  const watched = createWatchedEtcd({
    host,
    wanted: { name: undefined, dataDir: undefined },
    clock,
    log: silentLog,
    everyMs: 60_000,
    onChange: () => changes.push(watched.discovered()?.configuredBy ?? "process"),
  });
  return { watched, changes };
}

function unitOf(dataDir: string): string {
  return `[Service]\nExecStart=/usr/bin/etcd --name m1 --data-dir ${dataDir}\n`;
}

describe("agent/discovery/watched-etcd", () => {
  it("knows what a dead etcd would start with, reads it rarely, and forgets it for a process", async () => {
    const machine: Machine = { nowMs: 1000, files: { [UNIT]: unitOf("/d1") }, processes: {}, reads: 0 };
    const { watched, changes } = watch(machine);
    watched.refresh();
    await watched.settled();
    expect(watched.discovered()).toMatchObject({
      pid: undefined,
      configuredBy: UNIT,
      flags: { dataDir: "/d1" },
    });
    expect(watched.source()).toBe(UNIT);
    const before = machine.reads;
    machine.files[UNIT] = unitOf("/d2");
    for (let second = 0; second < 59; second += 1) {
      machine.nowMs += 1000;
      watched.refresh();
      await watched.settled();
    }
    expect(machine.reads).toBe(before);
    machine.nowMs += 1000;
    watched.refresh();
    await watched.settled();
    expect(watched.discovered()?.flags.dataDir).toBe("/d2");
    machine.processes = { 7: ["/usr/bin/etcd", "--name", "m1", "--data-dir", "/d3"] };
    watched.refresh();
    expect(watched.discovered()).toMatchObject({ pid: 7, flags: { dataDir: "/d3" } });
    machine.processes = {};
    machine.nowMs += 120_000;
    watched.refresh();
    await watched.settled();
    // What it was seen to run with goes before what a file says.
    expect(watched.discovered()).toMatchObject({ pid: undefined, flags: { dataDir: "/d3" } });
    expect(watched.source()).toBe("");
    expect(changes).toEqual([UNIT, UNIT, "process", "process"]);
  });

  it("falls back to nothing while it is not known which of several is meant", async () => {
    const processes = {
      7: ["/usr/bin/etcd", "--name", "a", "--data-dir", "/a"],
      8: ["/usr/bin/etcd", "--name", "b", "--data-dir", "/b"],
    };
    const machine: Machine = { nowMs: 1000, files: { [UNIT]: unitOf("/d1") }, processes, reads: 0 };
    const { watched } = watch(machine);
    watched.refresh();
    await watched.settled();
    expect([watched.discovered(), watched.isUndecided()]).toEqual([undefined, true]);
    expect(watched.note()).toBe(
      "2 etcd processes: a (pid 7, /a), b (pid 8, /b); set etcd.name or etcd.dataDir",
    );
  });

  it("holds nothing against an etcd whose configuration file cannot be read, and reads it later", async () => {
    const processes = { 7: ["/usr/bin/etcd", "--config-file", "/etc/etcd.yml"] };
    const machine: Machine = { nowMs: 1000, files: { [UNIT]: unitOf("/d1") }, processes, reads: 0 };
    const { watched } = watch(machine);
    watched.refresh();
    await expect.poll(() => watched.note()).toContain("/etc/etcd.yml");
    expect([watched.discovered(), watched.isUndecided()]).toEqual([undefined, true]);
    machine.files["/etc/etcd.yml"] = "name: m5\n";
    machine.nowMs += 1000;
    watched.refresh();
    await expect.poll(() => watched.discovered()?.flags.name).toBe("m5");
  });
});

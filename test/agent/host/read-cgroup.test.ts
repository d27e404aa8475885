import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";

import { listControllerPaths, parsePressureSeconds } from "../../../agent/host/parse-cgroup-figures.ts";
import { CgroupReader } from "../../../agent/host/read-cgroup.ts";
import { createResourcesProbe } from "../../../agent/probe/resources.ts";
import { waitFor } from "../../lab/wait-for.ts";
import { discoveredEtcd, probeContext } from "../probe/probe-context.ts";

/** A tree of files that stands in for /proc and /sys/fs/cgroup. */
function plant(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "etcdscope-cgroup-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

describe("agent/host/read-cgroup", () => {
  let root = "";

  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it("adds up what holds it back on the way up, and takes the tightest limit", () => {
    root = plant({
      "proc/812/cgroup": "0::/kubepods.slice/pod1.slice/etcd.scope\n",
      "cg/cpu.stat": "usage_usec 1\n",
      "cg/kubepods.slice/cpu.stat": "usage_usec 9\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n",
      "cg/kubepods.slice/memory.max": "max\n",
      "cg/kubepods.slice/pod1.slice/cpu.stat": "nr_periods 9\nnr_throttled 2\nthrottled_usec 500000\n",
      "cg/kubepods.slice/pod1.slice/memory.max": "1073741824\n",
      "cg/kubepods.slice/pod1.slice/etcd.scope/cpu.stat":
        "nr_periods 9\nnr_throttled 2\nthrottled_usec 250000\n",
      "cg/kubepods.slice/pod1.slice/etcd.scope/memory.max": "max\n",
      "cg/kubepods.slice/pod1.slice/etcd.scope/cgroup.procs": "812\n",
      "cg/kubepods.slice/pod1.slice/etcd.scope/memory.events": "low 0\nhigh 0\nmax 7\noom 1\noom_kill 1\n",
      "cg/kubepods.slice/pod1.slice/etcd.scope/memory.pressure":
        "some avg10=1.00 avg60=0.50 avg300=0.10 total=1500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=900000\n",
    });
    const reader = new CgroupReader(join(root, "proc"), join(root, "cg"));
    const place = reader.findPlace(812);
    expect(place && reader.read(place)).toEqual({
      throttledSeconds: 0.75,
      memoryLimitBytes: 1_073_741_824,
      oomKills: 1,
      cpuPressureSeconds: undefined,
      memoryPressureSeconds: 1.5,
      ioPressureSeconds: undefined,
    });
  });

  it("says nothing of a process that is gone", () => {
    root = plant({ "proc/1/cgroup": "0::/\n" });
    expect(new CgroupReader(join(root, "proc"), join(root, "cg")).findPlace(812)).toBeUndefined();
  });

  it("knows where the controllers of each version are", () => {
    const f = (text: string, want: readonly string[]): void => {
      expect(listControllerPaths(text, "cpu")).toEqual(want);
    };
    f("5:cpu,cpuacct:/system.slice/etcd.service\n0::/x\n", [
      "/cpu,cpuacct/system.slice/etcd.service",
      "/cpu/system.slice/etcd.service",
    ]);
    // Seen on Linux 6.18 with version 1: etcd in the root group of a controller.
    f("4:memory:/a\n2:cpuacct:/\n1:cpu:/\n0::/\n", ["/cpu", "/cpu"]);
    f("0::/system.slice/etcd.service\n", [
      "/system.slice/etcd.service",
      "/unified/system.slice/etcd.service",
    ]);
    f("", []);
  });

  it("reads nothing from a pressure file of a kernel that counts none", () => {
    expect(parsePressureSeconds("")).toBeUndefined();
    expect(parsePressureSeconds("some avg10=33.81 avg60=27.74 avg300=23.24 total=352148214\n")).toBeCloseTo(
      352.148214,
    );
  });
});

const MEMORY = "/sys/fs/cgroup/memory";
const CPU = "/sys/fs/cgroup/cpu";
const canUse =
  process.getuid?.() === 0 &&
  existsSync(`${MEMORY}/memory.limit_in_bytes`) &&
  existsSync(`${CPU}/cpu.cfs_quota_us`);

describe.skipIf(!canUse)("agent/host/read-cgroup with real cgroups (needs root and version 1)", () => {
  const group = `etcdscope-test-${process.pid}`;
  const made = new Set<string>();
  const children = new Set<ReturnType<typeof spawn>>();

  function make(controller: string, file: string, value: number): string {
    const folder = `${controller}/${group}`;
    mkdirSync(folder, { recursive: true });
    made.add(folder);
    writeFileSync(`${folder}/${file}`, String(value));
    return folder;
  }

  afterEach(async () => {
    for (const child of children) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await new Promise((resolve) => child.once("exit", resolve));
      }
    }
    children.clear();
    for (const folder of made) {
      await waitFor(
        `${folder} to be empty`,
        () => {
          try {
            rmdirSync(folder);
            return true;
          } catch {
            return false;
          }
        },
        { timeoutMs: 10_000, intervalMs: 20 },
      );
    }
    made.clear();
  });

  it("proves a kill for memory by the counter of the process' own group", async () => {
    const folder = make(MEMORY, "memory.limit_in_bytes", 24 * 1024 * 1024);
    // Reads an endless line, and so takes memory without end, once it is told to.
    const child = spawn(
      "sh",
      ["-c", `echo $$ > ${folder}/cgroup.procs; echo in; read go; exec tail /dev/zero`],
      {
        stdio: ["pipe", "pipe", "ignore"],
      },
    );
    children.add(child);
    await new Promise((resolve) => child.stdout.once("data", resolve));
    const probe = createResourcesProbe();
    const discovered = discoveredEtcd({}, { pid: child.pid });
    const first = await probe.run(probeContext({ discovered }));
    expect(first.samples).toContainEqual({
      key: "container_spec_memory_limit_bytes",
      value: 24 * 1024 * 1024,
    });
    expect(first.samples?.find(({ key }) => key === "process_threads")?.value).toBe(1);
    expect(first.events).toEqual([]);
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.stdin.write("\n");
    await exited;
    const second = await probe.run(probeContext({ discovered: discoveredEtcd({}, { pid: undefined }) }));
    expect(second.events).toMatchObject([
      { kind: "oom_killed", attributes: { pid: String(child.pid), scope: "cgroup" } },
    ]);
  }, 30_000);

  it("blames nobody for a process that was ended by hand", async () => {
    const folder = make(MEMORY, "memory.limit_in_bytes", 24 * 1024 * 1024);
    const child = spawn("sh", ["-c", `echo $$ > ${folder}/cgroup.procs; echo in; read go`], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    children.add(child);
    await new Promise((resolve) => child.stdout.once("data", resolve));
    const probe = createResourcesProbe();
    await probe.run(probeContext({ discovered: discoveredEtcd({}, { pid: child.pid }) }));
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await exited;
    const second = await probe.run(probeContext({ discovered: discoveredEtcd({}, { pid: undefined }) }));
    expect(second.events).toEqual([]);
  }, 30_000);

  it("sees a quota hold a process back", async () => {
    const folder = make(CPU, "cpu.cfs_quota_us", 2000);
    const child = spawn("sh", ["-c", `echo $$ > ${folder}/cgroup.procs; while :; do :; done`], {
      stdio: "ignore",
    });
    children.add(child);
    const reader = new CgroupReader("/proc", "/sys/fs/cgroup");
    await waitFor(
      "time held back",
      () => {
        const place = reader.findPlace(child.pid ?? 0);
        return place !== undefined && (reader.read(place).throttledSeconds ?? 0) > 0;
      },
      { timeoutMs: 20_000, intervalMs: 50 },
    );
  }, 30_000);
});

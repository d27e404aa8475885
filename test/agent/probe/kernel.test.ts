import { describe, expect, it } from "vitest";
import type { KernelPart } from "../../../agent/host/kernel-log.ts";
import { KernelLog, parseKernelRecord } from "../../../agent/host/kernel-log.ts";
import { parseUnitEnd } from "../../../agent/host/read-unit-end.ts";
import { createKernelProbe } from "../../../agent/probe/kernel.ts";
import { readKernelSign } from "../../../agent/probe/kernel-signs.ts";
import { createPauseProbe } from "../../../agent/probe/pause.ts";
import { createProcessEndProbe } from "../../../agent/probe/process-end.ts";
import type { KeptFiles } from "../../../agent/probe/probe.ts";
import { createManualClock } from "../manual-clock.ts";
import { discoveredEtcd, probeContext, TEST_SETUP } from "./probe-context.ts";

const NOW_MS = Date.UTC(2026, 10, 24, 16);
const UPTIME_MS = 3_600_000;

describe("agent/probe/kernel-signs", () => {
  // As Linux 5.10 to 6.18 prints them; the last ones are daily life.
  it("knows what the kernel says of disks, file systems, stuck tasks and kills", () => {
    const f = (message: string, want: string): void => {
      const sign = readKernelSign(message);
      const { code, device, process } = sign ?? { code: "", device: "", process: "" };
      expect([code, device, process].filter((part) => part !== "").join(" "), message).toBe(want);
    };
    f(
      "Memory cgroup out of memory: Killed process 812 (etcd) total-vm:11812344kB, anon-rss:2093056kB",
      "OOM_KILL etcd",
    );
    f("Out of memory: Killed process 77 (kube-apiserver) total-vm:1kB", "OOM_KILL kube-apiserver");
    f("INFO: task etcd:812 blocked for more than 120 seconds.", "HUNG_TASK etcd");
    f("INFO: task jbd2/sda1-8:301 blocked for more than 120 seconds.", "HUNG_TASK jbd2/sda1-8");
    f("blk_update_request: I/O error, dev sda, sector 2048 op 0x1:(WRITE) flags 0x800", "IO_ERROR sda");
    f("I/O error, dev loop3, sector 8 op 0x1:(WRITE) flags 0x800 phys_seg 1 prio class 2", "IO_ERROR loop3");
    f("critical medium error, dev nvme0n1, sector 99 op 0x0:(READ)", "IO_ERROR nvme0n1");
    f("Buffer I/O error on dev dm-0, logical block 5, lost async page write", "IO_ERROR dm-0");
    f("EXT4-fs (loop3): Remounting filesystem read-only", "FS_READ_ONLY loop3");
    f(
      "EXT4-fs error (device loop3): ext4_journal_check_start:84: comm etcd: Detected aborted journal",
      "FS_ERROR loop3",
    );
    f("Aborting journal on device loop3-8.", "FS_SHUTDOWN loop3");
    f("JBD2: Detected IO errors while flushing file data on sda1-8", "FS_ERROR sda1");
    f("XFS (sdb1): log I/O error -5", "");
    f("XFS (sdb1): Filesystem has been shut down due to log error (0x2).", "FS_SHUTDOWN sdb1");
    f(
      "XFS (loop0): Log I/O Error (0x6) detected at xfs_fs_goingdown+0x63/0xb0 (fs/xfs/xfs_fsops.c:475).  Shutting down filesystem.",
      "FS_SHUTDOWN loop0",
    );
    f("EXT4-fs (loop0): shut down requested (2)", "FS_SHUTDOWN loop0");
    f("XFS (sdb1): Metadata corruption detected at xfs_agf_read_verify", "FS_ERROR sdb1");
    f("BTRFS info (device sdc): forced readonly", "FS_READ_ONLY sdc");
    f("nvme nvme0: I/O 12 QID 3 timeout, aborting", "DISK_RESET nvme0");
    f("ata1: hard resetting link", "DISK_RESET ata1");
    f("EXT4-fs (sda1): mounted filesystem 0a1b with ordered data mode. Quota mode: none.", "FS_MOUNTED sda1");
    f(
      "EXT4-fs (loop0): mounted filesystem 0a1b r/w with ordered data mode. Quota mode: none.",
      "FS_MOUNTED loop0",
    );
    f("EXT4-fs (loop0): mounted filesystem 0a1b ro with ordered data mode. Quota mode: none.", "");
    f("XFS (sdb1): Mounting V5 Filesystem", "");
    f("XFS (sdb1): Ending clean mount", "FS_MOUNTED sdb1");
    f("oom_kill_process was here", "");
    f("device eth0 entered promiscuous mode", "");
  });

  it("takes the kernel's own records only", () => {
    expect(parseKernelRecord("6,339,5140900,-;NET: Registered PF_INET\n SUBSYSTEM=net\n")).toEqual({
      sequence: 339,
      atUs: 5_140_900,
      message: "NET: Registered PF_INET",
    });
    // What a process writes to /dev/kmsg has another facility, whatever it says.
    expect(parseKernelRecord("12,340,5140901,-;Out of memory: Killed process 1 (etcd)")).toBeUndefined();
    expect(parseKernelRecord("")).toBeUndefined();
  });

  it("reads this machine's kernel log without waiting, or says that it may not", () => {
    const log = new KernelLog();
    let said: KernelPart | string;
    try {
      said = log.read(100_000);
    } catch (caught) {
      said = (caught as NodeJS.ErrnoException).code ?? "";
    } finally {
      log.close();
    }
    if (typeof said === "string") {
      expect(["EPERM", "EACCES", "ENOENT"]).toContain(said);
    } else {
      const sequences = said.records.map(({ sequence }) => sequence);
      expect(sequences).toEqual(sequences.toSorted((one, other) => one - other));
    }
  });
});

describe("agent/probe/kernel", () => {
  const texts = new Map<string, string>();
  const positions: KeptFiles = {
    find: (name) => Promise.resolve(texts.get(name)),
    replace: (name, text) => Promise.resolve(void texts.set(name, text)),
  };

  function start(): {
    look: (...messages: readonly (readonly [number, number, string])[]) => Promise<string[]>;
    clock: ReturnType<typeof createManualClock>;
  } {
    const clock = createManualClock(NOW_MS);
    const probe = createKernelProbe({ ...TEST_SETUP, positions });
    const look = async (...messages: readonly (readonly [number, number, string])[]): Promise<string[]> => {
      const records = messages.map(([sequence, agoMs, message]) => ({
        sequence,
        atUs: (UPTIME_MS - agoMs) * 1000,
        message,
      }));
      const host = { readUptimeMs: () => UPTIME_MS, readKernelLog: () => ({ records, isCut: false }) };
      const { events = [] } = await probe.run(probeContext({ clock, host }));
      return events.map(({ attributes }) => `${attributes["code"]} ${attributes["count"]}`);
    };
    return { look, clock };
  }

  it("tells what is young, once a minute, and nothing twice to the agent after it", async () => {
    const { look, clock } = start();
    const kill = "Out of memory: Killed process 812 (etcd) total-vm:1kB";
    const error = "I/O error, dev sda, sector 1 op 0x1";
    expect(await look([1, 20 * 60_000, error], [2, 1000, kill])).toEqual(["OOM_KILL 1"]);
    expect(await look([3, 0, error])).toEqual(["IO_ERROR 1"]);
    expect(await look([4, 0, error], [5, 0, error])).toEqual([]);
    await clock.advance(60_000);
    expect(await look()).toEqual(["IO_ERROR 2"]);
    const next = start();
    expect(await next.look([1, 0, error], [2, 1000, kill], [5, 0, error], [6, 0, kill])).toEqual([
      "OOM_KILL 1",
    ]);
  });

  it("lets a mount for writing end what was said of the device before, and tells it where that was told", async () => {
    const { look } = start();
    const end = "EXT4-fs (loop3): Remounting filesystem read-only";
    const mounted = "EXT4-fs (loop3): mounted filesystem 0a1b r/w with ordered data mode. Quota mode: none.";
    expect(await look([11, 9000, end], [12, 8000, mounted])).toEqual([]);
    expect(await look([13, 0, mounted], [14, 0, end])).toEqual(["FS_READ_ONLY 1"]);
    expect(await look([15, 0, mounted], [16, 0, mounted])).toEqual(["FS_MOUNTED 1"]);
    expect(await look([17, 0, mounted])).toEqual([]);
  });

  it("takes what comes for later than what it has read, however far the clock of the kernel's log is off", async () => {
    const f = async (agoMs: number, wantMs: number): Promise<void> => {
      const clock = createManualClock(NOW_MS);
      const probe = createKernelProbe(TEST_SETUP);
      const look = async (records: KernelPart["records"]): Promise<bigint | undefined> => {
        const host = { readUptimeMs: () => UPTIME_MS, readKernelLog: () => ({ records, isCut: false }) };
        return (await probe.run(probeContext({ clock, host }))).events?.[0]?.atUnixMs;
      };
      await look([]);
      await clock.advance(10_000);
      const atUs = (UPTIME_MS - agoMs) * 1000;
      const message = "I/O error, dev sda, sector 1 op 0x1";
      expect(await look([{ sequence: 1, atUs, message }])).toBe(BigInt(wantMs));
    };
    await f(4000, NOW_MS + 6000);
    await f(40 * 60_000, NOW_MS);
    await f(-60_000, NOW_MS + 10_000);
  });
});

describe("agent/probe/process-end", () => {
  it("asks systemd once for each process that has gone", async () => {
    const asked: string[] = [];
    const host = {
      findProcessCgroup: () => "/system.slice/etcd.service",
      readUnitEnd: (unit: string) => {
        asked.push(unit);
        const end = "ExecMainCode=2\nExecMainStatus=9\nResult=oom-kill\nNRestarts=3\n";
        return Promise.resolve(parseUnitEnd(end));
      },
    };
    const probe = createProcessEndProbe(TEST_SETUP);
    const look = async (pid: number | undefined): Promise<unknown> =>
      (await probe.run(probeContext({ host, discovered: discoveredEtcd({}, { pid }) }))).events?.[0]
        ?.attributes;
    expect(await look(7)).toBeUndefined();
    expect(await look(undefined)).toEqual({
      pid: "7",
      unit: "etcd.service",
      source: "systemd",
      how: "killed",
      status: "SIGKILL",
      result: "oom-kill",
      restarts: "3",
    });
    expect(await look(undefined)).toBeUndefined();
    expect(asked).toEqual(["etcd.service"]);
    expect(parseUnitEnd("ExecMainCode=0\nExecMainStatus=0\n")).toBeUndefined();
    expect(parseUnitEnd("ExecMainCode=1\nExecMainStatus=1\nResult=exit-code\nNRestarts=0\n")).toMatchObject({
      how: "exited",
      status: 1,
    });
  });
});

describe("agent/probe/pause", () => {
  it("tells a gap of seconds in which the agent was not run, and no small one", async () => {
    const clock = createManualClock(NOW_MS);
    const probe = createPauseProbe(TEST_SETUP);
    const look = async (): Promise<unknown> =>
      (await probe.run(probeContext({ clock }))).events?.[0]?.attributes["milliseconds"];
    expect(await look()).toBeUndefined();
    await clock.advance(1000);
    expect(await look()).toBeUndefined();
    await clock.advance(3000);
    expect(await look()).toBeUndefined();
    await clock.advance(31_000);
    expect(await look()).toBe("30000");
  });
});

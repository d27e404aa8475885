/** What systemd is told, and that a service without it is none the worse. */
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log-line.ts";
import { createServiceManager, findPingInterval, type Word } from "../../shared/service-manager.ts";
import { createManualClock } from "../agent/manual-clock.ts";
import { silentLog } from "../agent/silent-log.ts";
import { waitFor } from "../lab/wait-for.ts";

const SOCKET = "/run/systemd/notify";
const PID = 42;

describe("shared/service-manager", () => {
  it.each([
    [{ WATCHDOG_USEC: "120000000", WATCHDOG_PID: "42" }, 40_000],
    [{ WATCHDOG_USEC: "3000000" }, 1000],
    [{ WATCHDOG_USEC: "120000000", WATCHDOG_PID: "7" }, undefined],
    [{ WATCHDOG_USEC: "0" }, undefined],
    [{ WATCHDOG_USEC: "soon" }, undefined],
    [{}, undefined],
  ])("of %o speaks every %s ms", (env, expected) => {
    expect(findPingInterval(env, PID)).toBe(expected);
  });

  it("says that it is ready, alive for as long as it is, and that it stops", async () => {
    const clock = createManualClock();
    const words: Word[] = [];
    let isAlive = true;
    const manager = createServiceManager({
      env: { NOTIFY_SOCKET: SOCKET, WATCHDOG_USEC: "30000000" },
      pid: PID,
      clock,
      log: silentLog,
      openRelay: async () => await Promise.resolve((word: Word) => void words.push(word)),
    });
    await clock.advance(60_000);
    expect(words).toEqual([]);
    manager.ready(() => isAlive);
    await clock.advance(20_000);
    expect(words).toEqual(["READY=1", "WATCHDOG=1", "WATCHDOG=1"]);
    isAlive = false;
    await clock.advance(60_000);
    expect(words).toHaveLength(3);
    isAlive = true;
    await clock.advance(10_000);
    manager.stopping();
    await clock.advance(60_000);
    expect(words.slice(3)).toEqual(["WATCHDOG=1", "STOPPING=1"]);
  });

  it("says nothing where no service manager asks, and starts nothing", async () => {
    const clock = createManualClock();
    let opened = 0;
    const manager = createServiceManager({
      env: { WATCHDOG_USEC: "30000000" },
      pid: PID,
      clock,
      log: silentLog,
      openRelay: async () => {
        opened += 1;
        return await Promise.resolve(() => undefined);
      },
    });
    manager.ready(() => true);
    await clock.advance(60_000);
    manager.stopping();
    expect(opened).toBe(0);
  });

  it("tells it in the log when words cannot be handed on at all, and goes on", async () => {
    const clock = createManualClock();
    const warnings: object[] = [];
    const manager = createServiceManager({
      env: { NOTIFY_SOCKET: SOCKET, WATCHDOG_USEC: "30000000" },
      pid: PID,
      clock,
      log: { ...silentLog, warn: (fields) => void warnings.push(fields) },
      openRelay: () => Promise.reject(new Error("spawn EAGAIN")),
    });
    manager.ready(() => true);
    await clock.advance(60_000);
    manager.stopping();
    await clock.advance(60_000);
    expect(warnings).toEqual([{ why: "spawn EAGAIN" }]);
  });

  it("tells it in the log when nobody hands words on any more, and goes on", async () => {
    const clock = createManualClock();
    const warnings: object[] = [];
    const words: Word[] = [];
    let lose: (why: string) => void = () => undefined;
    const manager = createServiceManager({
      env: { NOTIFY_SOCKET: SOCKET, WATCHDOG_USEC: "30000000" },
      pid: PID,
      clock,
      log: { ...silentLog, warn: (fields) => void warnings.push(fields) },
      openRelay: async (onLost) => {
        lose = onLost;
        return await Promise.resolve((word: Word) => void words.push(word));
      },
    });
    manager.ready(() => true);
    await clock.advance(10_000);
    lose("it ended");
    await clock.advance(60_000);
    expect(words).toEqual(["READY=1", "WATCHDOG=1"]);
    expect(warnings).toEqual([{ why: "it ended" }]);
  });

  it("says no more that it is alive when it does not work, and tells so once", async () => {
    const clock = createManualClock();
    const words: Word[] = [];
    const errors: string[] = [];
    let isAlive = false;
    const manager = createServiceManager({
      env: { NOTIFY_SOCKET: SOCKET, WATCHDOG_USEC: "30000000" },
      pid: PID,
      clock,
      log: { ...silentLog, error: (_, sentence) => void errors.push(sentence) },
      openRelay: async () => await Promise.resolve((word: Word) => void words.push(word)),
    });
    manager.ready(() => isAlive);
    await clock.advance(60_000);
    expect(words).toEqual(["READY=1"]);
    expect(errors).toEqual(["This service does not do its work: systemd is not told that it is alive."]);
    isAlive = true;
    await clock.advance(10_000);
    isAlive = false;
    await clock.advance(10_000);
    expect([words.length, errors.length]).toEqual([2, 2]);
  });

  describe("with a real shell", () => {
    const dir = mkdtempSync(join(tmpdir(), "etcdscope-notify-"));
    const path = process.env["PATH"] ?? "";
    const said = join(dir, "said");
    const command = join(dir, "systemd-notify");
    const env = { NOTIFY_SOCKET: SOCKET, WATCHDOG_USEC: "150000" };
    const warnings: object[] = [];
    const log: Logger = { ...silentLog, warn: (fields) => void warnings.push(fields) };

    beforeEach(() => {
      warnings.length = 0;
      rmSync(said, { force: true });
      writeFileSync(command, `#!/bin/sh\necho "$@" >> ${said}\n`);
      chmodSync(command, 0o755);
      process.env["PATH"] = `${dir}${delimiter}${path}`;
    });
    afterEach(() => {
      process.env["PATH"] = path;
    });
    afterAll(() => rmSync(dir, { recursive: true }));

    it("hands each word to systemd-notify", async () => {
      const manager = createServiceManager({ env, pid: PID, clock: systemClock, log });
      manager.status("Opening the history");
      manager.ready(() => true);
      await until("it was said to be alive", () =>
        read(said).startsWith("STATUS=Opening the history\nREADY=1\nWATCHDOG=1\nWATCHDOG=1\n"),
      );
      manager.stopping();
      await until("it was said to stop", () => read(said).endsWith("STOPPING=1\n"));
      expect(warnings).toEqual([]);
    });

    it("says its last word also when every process of the service was asked to stop", async () => {
      const manager = createServiceManager({ env, pid: PID, clock: systemClock, log });
      manager.ready(() => true);
      await until("it was said to be alive", () => read(said).includes("WATCHDOG=1\n"));
      const shells = findShells(command);
      expect(shells.length).toBeGreaterThan(0);
      for (const shell of shells) {
        process.kill(shell, "SIGTERM");
      }
      manager.stopping();
      await until("it was said to stop", () => read(said).endsWith("STOPPING=1\n"));
      expect(warnings).toEqual([]);
    });

    it("tells once where there is no systemd-notify, and goes on", async () => {
      rmSync(command);
      process.env["PATH"] = dir;
      const manager = createServiceManager({ env, pid: PID, clock: systemClock, log });
      manager.ready(() => true);
      await until("it is told", () => warnings.length > 0);
      manager.status("Serving agents and readers");
      manager.stopping();
      expect(warnings).toEqual([{ why: "there is no systemd-notify" }]);
    });
  });
});

/** Those of this process that hand words on. */
function findShells(command: string): readonly number[] {
  return readdirSync("/proc/self/task")
    .flatMap((task) => read(`/proc/self/task/${task}/children`).trim().split(" "))
    .filter((child) => child !== "" && read(`/proc/${child}/cmdline`).includes(basename(command)))
    .map(Number);
}

async function until(what: string, look: () => boolean): Promise<void> {
  await waitFor(what, look, { timeoutMs: 20_000, intervalMs: 20 });
}

function read(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

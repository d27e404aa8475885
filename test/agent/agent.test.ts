import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

import { createAgent } from "../../agent/agent.ts";
import type { ClosableEtcdDoor } from "../../agent/etcd/create-etcd-door.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { systemClock, type Clock } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log-line.ts";
import { findFreePorts } from "../lab/free-ports.ts";
import { waitFor } from "../lab/wait-for.ts";
import { TEST_CONFIG } from "./probe/probe-context.ts";

/** A door behind which nothing answers, and which the agent must close. */
function silentDoor(closed: () => void): ClosableEtcdDoor {
  return new Proxy({} as ClosableEtcdDoor, {
    get: (_, name) => {
      switch (name) {
        case "close":
          return () => Promise.resolve(closed());
        case "otherMembers":
          return () => [];
        case "isOwnFailing":
          return () => false;
        case "ownVersion":
          return () => "";
        default:
          return () => Promise.reject(new Error("Nobody answers"));
      }
    },
  });
}

function recordingLog(sentences: string[]): Logger {
  const record = (_: object, sentence: string): void => void sentences.push(sentence);
  const log: Logger = { debug: record, info: record, warn: record, error: record, child: () => log };
  return log;
}

describe("agent/agent", () => {
  it("goes on without an etcd and without a collector, ticks while its timers ring, and stops in order", async () => {
    const [port] = await findFreePorts(1);
    const sentences: string[] = [];
    let isClosed = false;
    let looks = 0;
    let isRinging = true;
    const clock: Clock = {
      ...systemClock,
      after: (delayMs, call) => systemClock.after(delayMs, () => (isRinging ? call() : undefined)),
    };
    const spoolDir = mkdtempSync(join(tmpdir(), "etcdscope-agent-"));
    onTestFinished(() => rmSync(spoolDir, { recursive: true }));
    const host = createLinuxHost({ clock: systemClock });
    const agent = createAgent({
      config: {
        ...TEST_CONFIG,
        collectors: [`127.0.0.1:${port}`],
        spool: { ...TEST_CONFIG.spool, dir: spoolDir },
        etcd: { ...TEST_CONFIG.etcd, name: `nobody-${process.pid}` },
        intervals: { fastMs: 50, normalMs: 200, slowMs: 1000 },
      },
      clock,
      log: recordingLog(sentences),
      host: {
        ...host,
        listProcessIds: () => {
          looks += 1;
          return host.listProcessIds();
        },
      },
      createEtcdDoor: () => silentDoor(() => (isClosed = true)),
    });
    agent.start();
    await waitFor("a few ticks", () => looks > 5 && agent.isTicking(), { timeoutMs: 5000, intervalMs: 20 });
    isRinging = false;
    await waitFor("it ticks no more", () => !agent.isTicking(), { timeoutMs: 5000, intervalMs: 20 });
    isRinging = true;
    await agent.stop();
    expect(isClosed).toBe(true);
    expect(sentences[0]).toBe("The agent starts.");
    expect(sentences.at(-1)).toBe("The agent has stopped.");
    expect(readdirSync(spoolDir).filter((name) => name.endsWith(".spool"))).toHaveLength(1);
  });
});

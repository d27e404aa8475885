import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { afterEach, describe, expect, it } from "vitest";

import type { ProcessStat } from "../../../agent/host/parse-stat.ts";
import type { Observation, Probe } from "../../../agent/probe/probe.ts";
import { createProcessProbe } from "../../../agent/probe/process.ts";
import { ProcessState } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import type { ProcessFact } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { waitFor } from "../../lab/wait-for.ts";
import { createManualClock } from "../manual-clock.ts";
import { discoveredEtcd, probeContext, TEST_SETUP } from "./probe-context.ts";

function factOf(observation: Observation): ProcessFact {
  const body = observation.facts?.[0]?.body;
  if (body?.case !== "process") {
    throw new Error("Expected a process fact");
  }
  return body.value;
}

/** A probe over a process that is what the test says: its state letter and start, or none. */
function scripted(): {
  look: (letter: string | undefined, startTicks?: number) => Promise<Observation>;
  pass: (ms: number) => Promise<void>;
} {
  const probe = createProcessProbe(TEST_SETUP);
  const clock = createManualClock();
  const look = async (letter: string | undefined, startTicks = 1): Promise<Observation> => {
    const pid = 100 + startTicks;
    const stat: ProcessStat | undefined =
      letter === undefined ? undefined : { pid, name: "etcd", state: letter, cpuSeconds: 1, startTicks };
    const discovered = discoveredEtcd(
      {},
      { pid: letter === undefined ? undefined : pid, startedAtMs: startTicks * 10 },
    );
    return await probe.run(probeContext({ clock, discovered, host: { findProcessStat: () => stat } }));
  };
  return { look, pass: (ms) => clock.advance(ms) };
}

describe("agent/probe/process", () => {
  it("names the state by the kernel's letter, and takes uninterruptible sleep seriously on the second look", async () => {
    const { look } = scripted();
    const f = async (letter: string | undefined, want: ProcessState): Promise<void> => {
      expect(factOf(await look(letter)).state, letter).toBe(want);
    };
    await f("S", ProcessState.RUNNING);
    await f("R", ProcessState.RUNNING);
    await f("D", ProcessState.RUNNING);
    await f("D", ProcessState.UNINTERRUPTIBLE);
    await f("S", ProcessState.RUNNING);
    await f("D", ProcessState.RUNNING);
    await f("T", ProcessState.STOPPED);
    await f("t", ProcessState.STOPPED);
    await f("Z", ProcessState.ABSENT);
    await f("X", ProcessState.ABSENT);
    await f(undefined, ProcessState.ABSENT);
  });

  it("says since when a state holds, and keeps the last start when it is gone", async () => {
    const { look, pass } = scripted();
    expect(factOf(await look("S", 500)).sinceUnixMs).toBe(5000n);
    await pass(1000);
    const stopped = factOf(await look("T", 500));
    await pass(1000);
    expect(factOf(await look("T", 500)).sinceUnixMs).toBe(stopped.sinceUnixMs);
    const gone = factOf(await look(undefined));
    expect(gone).toMatchObject({ pid: 0, startedAtUnixMs: 5000n, note: "no etcd process", restarts: 0 });
    expect(gone.sinceUnixMs).toBe(stopped.sinceUnixMs + 1000n);
  });

  it("counts starts after the first, and tells of every end and start", async () => {
    const { look } = scripted();
    expect((await look("S", 1)).events).toEqual([]);
    const gone = await look(undefined);
    expect(gone.events?.map(({ kind }) => kind)).toEqual(["process_exited"]);
    expect(gone.trigger).toContain("status");
    const again = await look("S", 2);
    expect(again.events).toMatchObject([
      { kind: "process_started", atUnixMs: 20n, attributes: { pid: "102" } },
    ]);
    expect(factOf(again).restarts).toBe(1);
    const replaced = await look("S", 3);
    expect(replaced.events?.map(({ kind }) => kind)).toEqual(["process_exited", "process_started"]);
    expect(factOf(replaced).restarts).toBe(2);
    expect((await look("S", 3)).events).toEqual([]);
  });

  it("says what discovery saw when there never was a process", async () => {
    const observation = await createProcessProbe(TEST_SETUP).run(
      probeContext({ discoveryNote: "2 etcd processes: m1, m2; set etcd.name or etcd.dataDir" }),
    );
    expect(factOf(observation)).toMatchObject({
      state: ProcessState.ABSENT,
      startedAtUnixMs: 0n,
      note: "2 etcd processes: m1, m2; set etcd.name or etcd.dataDir",
    });
    expect(observation.events).toEqual([]);
  });

  it("gives figures at the normal cadence only", async () => {
    const { look, pass } = scripted();
    expect((await look("S")).samples).toContainEqual({ key: "process_cpu_seconds_total", value: 1 });
    await pass(1000);
    expect((await look("S")).samples).toEqual([]);
    await pass(9000);
    expect((await look("S")).samples).not.toEqual([]);
  });
});

describe("agent/probe/process on a real process", () => {
  let child: ChildProcess | undefined;

  afterEach(() => {
    child?.kill("SIGKILL");
  });

  it("sees SIGSTOP, SIGCONT and SIGKILL", async () => {
    child = spawn("sleep", ["60"], { stdio: "ignore" });
    const probe: Probe = createProcessProbe(TEST_SETUP);
    const discovered = discoveredEtcd({}, { pid: child.pid });
    const look = async (): Promise<ProcessState> =>
      factOf(await probe.run(probeContext({ discovered }))).state;
    const until = async (state: ProcessState): Promise<void> => {
      await waitFor(`state ${state}`, async () => (await look()) === state, {
        timeoutMs: 2000,
        intervalMs: 5,
      });
    };
    await until(ProcessState.RUNNING);
    child.kill("SIGSTOP");
    await until(ProcessState.STOPPED);
    child.kill("SIGCONT");
    await until(ProcessState.RUNNING);
    child.kill("SIGKILL");
    await until(ProcessState.ABSENT);
  });
});

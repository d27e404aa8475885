import { describe, expect, it } from "vitest";
import type { EtcdHash } from "../../../agent/etcd/etcd-door.ts";
import { createHashKvProbe } from "../../../agent/probe/hash-kv.ts";
import type { Observation, Probe } from "../../../agent/probe/probe.ts";
import { EtcdscopeError } from "../../../shared/errors.ts";
import { createManualClock } from "../manual-clock.ts";
import { fakeEtcd } from "./fake-etcd.ts";
import { discoveredEtcd, probeContext, TEST_SETUP } from "./probe-context.ts";

type Answer = Partial<EtcdHash> | EtcdscopeError;

/** An agent beside m1 that is asked for rounds; `answer` is what a member says ("" is m1) when asked for the nth time. */
function comparing(answer: (name: string, nth: number) => Answer): {
  readonly probe: Probe;
  readonly ask: (round: bigint) => void;
  readonly run: () => Promise<Observation>;
  readonly asked: string[];
} {
  let round = 0n;
  const asked: string[] = [];
  const clock = createManualClock();
  const settings = { fsyncProbePhaseMs: 0, fsyncProbeMinIntervalMs: 0 };
  const probe = createHashKvProbe({ ...TEST_SETUP, settings: () => ({ ...settings, hashRound: round }) });
  const hashKv = (name: string): Promise<EtcdHash> => {
    const nth = asked.filter((one) => one === name).length;
    asked.push(name);
    const said = answer(name, nth);
    return said instanceof EtcdscopeError
      ? Promise.reject(said)
      : Promise.resolve({ memberId: 0n, hash: 7, compactRevision: 10n, ...said });
  };
  return {
    probe,
    asked,
    ask: (next) => {
      round = next;
    },
    run: async () => {
      const context = probeContext({
        etcd: fakeEtcd({ hashKv }),
        clock,
        discovered: discoveredEtcd({ name: "m1" }),
      });
      const running = probe.run(context);
      await clock.advance(10_000);
      return await running;
    },
  };
}

function membersOf({ facts }: Observation): readonly unknown[] {
  const body = facts?.[0]?.body;
  return body?.case === "hashKv"
    ? body.value.members.map(({ name, hash, problem }) => [name, problem === "" ? hash : problem])
    : [];
}

describe("agent/probe/hash-kv", () => {
  it("asks nobody until a collector wants it, then each member once, one after the other", async () => {
    const { probe, ask, run, asked } = comparing(() => ({}));
    expect(probe.targets?.(probeContext())).toEqual([]);
    expect(await run()).toEqual({});
    ask(5n);
    expect(probe.targets?.(probeContext())).toEqual([""]);
    const { facts } = await run();
    expect(asked).toEqual(["", "m2", "m3"]);
    expect(facts?.[0]?.body.value).toMatchObject({ round: 5n, revision: 50n, looks: 1 });
    // The same round again: what was found still holds, and nobody is asked.
    expect((await run()).facts).toEqual(facts);
    expect(asked).toHaveLength(3);
    expect(probe.targets?.(probeContext())).toEqual([""]);
  });

  it("looks a second time before it tells a difference", async () => {
    const passing = comparing((name, nth) => (name === "m3" && nth === 0 ? { hash: 9 } : {}));
    passing.ask(1n);
    expect(membersOf(await passing.run())).toEqual([
      ["m1", 7],
      ["m2", 7],
      ["m3", 7],
    ]);
    const lasting = comparing((name) => (name === "m3" ? { hash: 9 } : {}));
    lasting.ask(1n);
    const observation = await lasting.run();
    expect(membersOf(observation)).toEqual([
      ["m1", 7],
      ["m2", 7],
      ["m3", 9],
    ]);
    expect(observation.facts?.[0]?.body.value).toMatchObject({ looks: 2 });
  });

  it("waits for a member that has not applied the revision yet", async () => {
    const behind = new EtcdscopeError("UNAVAILABLE", "m2 is behind", { reason: "future_revision" });
    const { ask, run, asked } = comparing((name, nth) => (name === "m2" && nth < 2 ? behind : {}));
    ask(1n);
    expect(membersOf(await run())).toEqual([
      ["m1", 7],
      ["m2", 7],
      ["m3", 7],
    ]);
    expect(asked).toEqual(["", "m2", "m2", "m2", "m3"]);
  });

  it("waits for a member that has just been started again", async () => {
    const refused = new EtcdscopeError("UNAVAILABLE", "m2 refused the connection", { reason: "refused" });
    const { ask, run } = comparing((name, nth) => (name === "m2" && nth < 15 ? refused : {}));
    ask(1n);
    expect(membersOf(await run())).toEqual([
      ["m1", 7],
      ["m2", 7],
      ["m3", 7],
    ]);
  });

  it("asks nobody else, and nobody again, once a member has not answered in time", async () => {
    const late = new EtcdscopeError("TIMED_OUT", "m2 ran out of time", { reason: "timeout" });
    const { ask, run, asked } = comparing((name) => (name === "m2" ? late : {}));
    ask(1n);
    const observation = await run();
    expect(asked).toEqual(["", "m2"]);
    expect(membersOf(observation)).toEqual([
      ["m1", 7],
      ["m2", "m2 ran out of time"],
      ["m3", "Not asked: m2 did not answer in time and may still be reading its database"],
    ]);
    expect(observation.facts?.[0]?.body.value).toMatchObject({ looks: 1 });
  });

  it("tells who could not be asked, and why, beside what the others said", async () => {
    const denied = new EtcdscopeError("PERMISSION_DENIED", "m3 wants a user", {
      reason: "permission_denied",
    });
    const { ask, run } = comparing((name) => (name === "m3" ? denied : {}));
    ask(1n);
    expect(membersOf(await run())).toEqual([
      ["m1", 7],
      ["m2", 7],
      ["m3", "m3 wants a user"],
    ]);
  });
});

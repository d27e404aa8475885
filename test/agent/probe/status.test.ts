import { describe, expect, it } from "vitest";
import type { EtcdStatus } from "../../../agent/etcd/etcd-door.ts";
import type { Observation } from "../../../agent/probe/probe.ts";
import { createStatusProbe } from "../../../agent/probe/status.ts";
import { EtcdscopeError } from "../../../shared/errors.ts";
import { createManualClock } from "../manual-clock.ts";
import { fakeEtcd, HEALTHY_STATUS } from "./fake-etcd.ts";
import { discoveredEtcd, probeContext, TEST_SETUP } from "./probe-context.ts";

function watch(): {
  readonly see: (answer: Partial<EtcdStatus> | EtcdscopeError, target?: string) => Promise<Observation>;
  readonly clock: ReturnType<typeof createManualClock>;
} {
  const probe = createStatusProbe(TEST_SETUP);
  const clock = createManualClock();
  return {
    clock,
    see: async (answer, target = "m1") => {
      const reply = (): Promise<EtcdStatus> =>
        answer instanceof EtcdscopeError
          ? Promise.reject(answer)
          : Promise.resolve({ ...HEALTHY_STATUS, ...answer });
      const etcd = fakeEtcd({ ownStatus: reply, memberStatus: reply });
      return await probe.run(
        probeContext({ etcd, clock, target, discovered: discoveredEtcd({ name: "m1" }) }),
      );
    },
  };
}

function valuesOf(observation: Observation): Readonly<Record<string, number>> {
  return Object.fromEntries((observation.samples ?? []).map(({ key, value }) => [key, value]));
}

describe("agent/probe/status", () => {
  it("looks at the own member and every other, and at nothing before etcd was found", () => {
    const probe = createStatusProbe(TEST_SETUP);
    const discovered = discoveredEtcd({ name: "m1" });
    expect(probe.targets?.(probeContext({ etcd: fakeEtcd(), discovered }))).toEqual(["m1", "m2", "m3"]);
    expect(probe.targets?.(probeContext({ etcd: fakeEtcd() }))).toEqual([]);
  });

  it("tells what changes rarely as a fact, and indexes and sizes as samples", async () => {
    const observation = await watch().see({});
    expect(observation.facts).toMatchObject([
      {
        key: "status/m1",
        body: { case: "status", value: { memberId: 1n, leaderId: 2n, raftTerm: 5n, own: true } },
      },
      { key: "alarms", body: { value: { alarms: [] } } },
    ]);
    expect(valuesOf(observation)).toMatchObject({
      'etcd_status_raft_index{member="m1"}': 100,
      'etcd_status_raft_applied_index{member="m1"}': 99,
      'etcd_status_db_size_bytes{member="m1"}': 20_480,
      'etcd_status_db_size_in_use_bytes{member="m1"}': 16_384,
    });
  });

  it("gives each other member every third tick, by turns, while all is well, and the own one every tick", async () => {
    const { see, clock } = watch();
    await see({}, "m2");
    await see({}, "m3");
    expect((await see({}, "m2")).restMs).toBe(2_500);
    expect((await see({}, "m3")).restMs).toBe(1_500);
    await clock.advance(1_010);
    expect((await see({}, "m3")).restMs).toBe(500);
    await clock.advance(1_000);
    expect((await see({}, "m3")).restMs).toBe(2_500);
    expect((await see({ raftTerm: 6n }, "m2")).restMs).toBeUndefined();
    await see({}, "m1");
    expect((await see({}, "m1")).restMs).toBeUndefined();
  });

  it("repeats an unchanged value only after the normal interval", async () => {
    const { clock, see } = watch();
    await see({});
    await clock.advance(1_000);
    const second = valuesOf(await see({ raftIndex: 101n }));
    expect(Object.keys(second)).toEqual([
      'etcdscope_status_duration_seconds{member="m1"}',
      'etcd_status_raft_index{member="m1"}',
    ]);
    await clock.advance(9_000);
    expect(valuesOf(await see({ raftIndex: 101n }))).toHaveProperty(
      ['etcd_status_db_size_bytes{member="m1"}'],
      20_480,
    );
  });

  it("tells a leader change as an event, and asks for reads", async () => {
    const { clock, see } = watch();
    expect((await see({})).events).toEqual([]);
    const lost = await see({ leaderId: 0n, errors: ["etcdserver: no leader"] });
    expect(lost.trigger).toEqual(["status", "read"]);
    expect(lost.events).toMatchObject([
      {
        kind: "leader_changed",
        atUnixMs: BigInt(clock.nowMs()),
        attributes: { from: "2", to: "0", term: "5" },
      },
    ]);
    expect((await see({ leaderId: 0n, errors: ["etcdserver: no leader"] })).trigger).toBeUndefined();
    expect((await see({ leaderId: 171n, raftTerm: 6n })).events).toMatchObject([
      { attributes: { from: "0", to: "ab", term: "6" } },
    ]);
  });

  it("asks for all that failed with it when etcd answers again", async () => {
    const { see } = watch();
    await see({});
    const refused = new EtcdscopeError("UNAVAILABLE", "Refused", { reason: "refused" });
    await expect(see(refused)).rejects.toBe(refused);
    expect((await see({})).trigger).toEqual(["status", "read", "members", "metrics", "growth", "flags"]);
  });

  it("says nothing of leaders by what other members tell", async () => {
    const { see } = watch();
    await see({}, "m2");
    const observation = await see({ leaderId: 3n }, "m2");
    expect(observation.events).toBeUndefined();
    expect(observation.trigger).toBeUndefined();
    expect(observation.facts).toMatchObject([
      { key: "status/m2", body: { value: { leaderId: 3n, own: false } } },
    ]);
  });
});

import { describe, expect, it } from "vitest";
import { createHealthProbe } from "../../../agent/probe/health.ts";
import { parseHealth } from "../../../agent/probe/parse-health.ts";
import type { Observation } from "../../../agent/probe/probe.ts";
import type { HealthFact } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { createManualClock } from "../manual-clock.ts";
import { fakeEtcd } from "./fake-etcd.ts";
import { discoveredEtcd, probeContext } from "./probe-context.ts";

/** Of a real 3.5.16 that has lost its only peer. */
const READYZ =
  "[+]data_corruption ok\n[+]serializable_read ok\n[-]linearizable_read failed: etcdserver: request timed out\n\n";
const NOT_FOUND = "404 page not found\n";

function factOf({ facts = [] }: Observation): HealthFact | undefined {
  return facts[0]?.body.value as HealthFact | undefined;
}

describe("agent/probe/parse-health", () => {
  it("reads what real ones answer", () => {
    const f = (body: string, want: readonly string[] | undefined): void => {
      const told = parseHealth(body)?.map(({ name, ok, reason }) => `${name} ${ok ? "ok" : `bad ${reason}`}`);
      expect(told, body).toEqual(want);
    };
    f(READYZ, [
      "data_corruption ok",
      "serializable_read ok",
      "linearizable_read bad etcdserver: request timed out",
    ]);
    // 3.5.30, well.
    f("[+]non_learner ok\n[+]data_corruption ok\nok\n", ["non_learner ok", "data_corruption ok"]);
    // 3.4.23 and 3.5.16, without a leader.
    f('{"health":"false"}\n', ["health bad "]);
    f('{"health":"false","reason":"RAFT NO LEADER"}\n', ["health bad RAFT NO LEADER"]);
    f('{"health":"true","reason":""}', ["health ok"]);
    f(NOT_FOUND, undefined);
    f("<html>", undefined);
    f('{"health":"false","reason":', ["health bad "]);
  });
});

describe("agent/probe/health", () => {
  it("asks nothing while etcd answers", async () => {
    const asked: string[] = [];
    const etcd = fakeEtcd({
      healthBody: (path) => {
        asked.push(path);
        return Promise.resolve({ asked: path, body: READYZ });
      },
    });
    const probe = createHealthProbe();
    const context = probeContext({ etcd, discovered: discoveredEtcd({}) });
    expect(probe.targets?.(context)).toEqual([]);
    await probe.run(context);
    expect(asked).toEqual([]);
  });

  it("asks once a minute while a read fails, and takes its answer back when none does", async () => {
    const clock = createManualClock();
    let isFailing = true;
    let count = 0;
    const etcd = fakeEtcd({
      isOwnFailing: () => isFailing,
      healthBody: (path) => {
        count += 1;
        return Promise.resolve({ asked: `127.0.0.1:2381${path}`, body: READYZ });
      },
    });
    const probe = createHealthProbe();
    const context = probeContext({ etcd, clock, discovered: discoveredEtcd({}) });
    expect(probe.targets?.(context)).toEqual([""]);
    const fact = factOf(await probe.run(context));
    expect(fact?.checks.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(["linearizable_read"]);
    for (const _ of [1, 2, 3, 4, 5]) {
      await clock.advance(10_000);
      await probe.run(context);
    }
    expect(count).toBe(1);
    await clock.advance(10_000);
    await probe.run(context);
    expect(count).toBe(2);
    isFailing = false;
    expect(probe.targets?.(context)).toEqual([""]);
    expect(await probe.run(context)).toEqual({ removedFacts: ["health"] });
    expect(probe.targets?.(context)).toEqual([]);
  });

  it("takes /health where there is no /readyz, and no answer for one", async () => {
    const f = async (
      answer: (path: string) => Promise<{ asked: string; body: string }>,
    ): Promise<HealthFact | undefined> => {
      const etcd = fakeEtcd({ isOwnFailing: () => true, healthBody: answer });
      return factOf(await createHealthProbe().run(probeContext({ etcd, discovered: discoveredEtcd({}) })));
    };
    const old = await f((path) =>
      Promise.resolve({ asked: path, body: path === "/health" ? '{"health":"false"}' : NOT_FOUND }),
    );
    expect(old).toMatchObject({ asked: "/health", checks: [{ name: "health", ok: false }], problem: "" });
    const silent = await f(() => Promise.reject(new Error("did not answer")));
    expect(silent).toMatchObject({ checks: [], problem: "did not answer" });
  });
});

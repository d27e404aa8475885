import { describe, expect, it } from "vitest";
import type { ServedCertificate } from "../../../agent/etcd/served-certificate.ts";
import { createServedProbe } from "../../../agent/probe/served.ts";
import { fakeEtcd } from "./fake-etcd.ts";
import { discoveredEtcd, probeContext } from "./probe-context.ts";

const MINUTE_MS = 60_000;
const FIRST: ServedCertificate = {
  address: "10.0.0.2:2380",
  subject: "CN=m2",
  serial: "1",
  fingerprintSha256: "aa",
  notAfterMs: 1e12,
  servedAtMs: 1000,
};

async function look(
  probe: ReturnType<typeof createServedProbe>,
  served: ServedCertificate | undefined,
): Promise<{ readonly told: readonly (readonly [string, number])[]; readonly removed: readonly string[] }> {
  const etcd = fakeEtcd({
    findServed: (member, port) => (member === "m2" && port === "peer" ? served : undefined),
  });
  const discovered = discoveredEtcd({ name: "m1" });
  const { facts = [], removedFacts = [] } = await probe.run(probeContext({ etcd, discovered }));
  const told = facts.flatMap(({ key, body }) =>
    body?.case === "servedCertificate"
      ? [[`${key} ${body.value.serial}`, Number(body.value.servedAtUnixMs)] as const]
      : [],
  );
  return { told, removed: removedFacts ?? [] };
}

describe("agent/probe/served", () => {
  it("says anew only from time to time that a port shows the same certificate", async () => {
    const probe = createServedProbe();
    expect((await look(probe, FIRST)).told).toEqual([["served/m2/peer 1", 1000]]);
    for (const minutes of [1, 7, 14]) {
      const again = { ...FIRST, servedAtMs: 1000 + minutes * MINUTE_MS };
      expect((await look(probe, again)).told).toEqual([["served/m2/peer 1", 1000]]);
    }
    const late = { ...FIRST, servedAtMs: 1000 + 15 * MINUTE_MS };
    expect((await look(probe, late)).told).toEqual([["served/m2/peer 1", late.servedAtMs]]);
  });

  it("tells another certificate at once, and none that is shown no longer", async () => {
    const probe = createServedProbe();
    await look(probe, FIRST);
    const other = { ...FIRST, serial: "2", fingerprintSha256: "bb", servedAtMs: 2000 };
    expect((await look(probe, other)).told).toEqual([["served/m2/peer 2", 2000]]);
    expect(await look(probe, undefined)).toEqual({ told: [], removed: ["served/m2/peer"] });
  });
});

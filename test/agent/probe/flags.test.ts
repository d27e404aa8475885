import { describe, expect, it } from "vitest";
import { createFlagsProbe } from "../../../agent/probe/flags.ts";
import type { FlagsFact } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { fakeEtcd } from "./fake-etcd.ts";
import { discoveredEtcd, probeContext } from "./probe-context.ts";

async function look(version: string, given: Readonly<Record<string, string>> = {}): Promise<FlagsFact> {
  const etcd = fakeEtcd({ ownVersion: () => version });
  const { facts = [] } = await createFlagsProbe().run(
    probeContext({ etcd, discovered: discoveredEtcd({ name: "m1", ...given }) }),
  );
  return facts[0]?.body.value as FlagsFact;
}

describe("agent/probe/flags", () => {
  it("fills in the defaults of the version that answers, and until one does those that all have", async () => {
    const before = await look("");
    expect(before.defaultsVersion).toBe("");
    expect(before.flags).toMatchObject({ "election-timeout": "1000" });
    expect(before.flags).not.toHaveProperty("pre-vote");
    const old = await look("3.4.23");
    expect(old).toMatchObject({
      defaultsVersion: "3.4",
      flags: { "pre-vote": "false", logger: "capnslog", "snapshot-count": "100000" },
    });
    expect((await look("3.6.4")).flags).toMatchObject({ "snapshot-count": "10000", "max-learners": "1" });
  });

  it("leaves alone what was given", async () => {
    const { flags, given } = await look("3.5.16", { "pre-vote": "false" });
    expect(flags).toMatchObject({ "pre-vote": "false", logger: "zap" });
    expect(given).toEqual(["name", "pre-vote"]);
  });

  it("tells where the host has what a container mounts, where that is another place", async () => {
    const hostPaths = { "/etcd-data": "/var/lib/etcd", "/etc/pki": "/etc/pki" };
    const discovered = discoveredEtcd({ "data-dir": "/etcd-data" }, { hostPaths });
    const context = probeContext({ etcd: fakeEtcd({ ownVersion: () => "" }), discovered });
    const { facts = [] } = await createFlagsProbe().run(context);
    expect(facts[0]?.body.value).toMatchObject({
      dataDir: "/etcd-data",
      hostPaths: { "/etcd-data": "/var/lib/etcd" },
    });
  });
});

import { afterAll, describe, expect, it } from "vitest";
import { existsSync, readdirSync } from "node:fs";
import { createEtcdCluster } from "./etcd-cluster.ts";
import { ensureEtcd } from "./etcd-binaries.ts";
import { createNetwork } from "./network.ts";
import type { Finished } from "./run-command.ts";
import { createRunFolder, removeFolderWithMounts } from "./run-folder.ts";
import { waitFor } from "./wait-for.ts";

const MEMBERS = ["m1", "m2", "m3"];
const network = await createNetwork({ members: MEMBERS });
const binaries = await ensureEtcd("3.4");
const why = [network, binaries].flatMap((thing) => (thing.kind === "unavailable" ? [thing.because] : []));

describe.skipIf(why.length > 0)(
  `test/lab/network${why.map((text) => ` (skipped: ${text})`).join("")}`,
  () => {
    afterAll(async () => {
      if (network.kind === "available") {
        await network.destroy();
        const left = existsSync("/run/netns") ? readdirSync("/run/netns") : [];
        expect(left.filter((name) => name.startsWith(`etcdscope-${process.pid}-`))).toEqual([]);
      }
    });

    it("cuts one member off and joins it again", async () => {
      if (network.kind === "unavailable" || binaries.kind === "unavailable") {
        return;
      }
      const dir = await createRunFolder();
      const cluster = await createEtcdCluster({
        binaries,
        dir,
        members: MEMBERS.map((name) => ({ ...network.node(name) })),
        clientNamespace: network.node("collector").namespace,
      });
      try {
        await cluster.start();
        await cluster.waitHealthy();
        const [cut] = await cluster.followers();
        await network.partition(
          cut!.name,
          MEMBERS.filter((name) => name !== cut!.name),
        );
        const leaderless = async (): Promise<boolean> =>
          (await cluster.etcdctl.status(cut!.clientUrl))?.leaderId === "0";
        await waitFor("the member that is cut off loses its leader", leaderless, { timeoutMs: 15_000 });
        expect(await cluster.leader()).not.toBe(cut);
        await network.heal(cut!.name);
        await cluster.waitHealthy();
      } finally {
        await cluster.stopAll();
        await removeFolderWithMounts(dir);
      }
    });

    it("drops one port in one direction only", async () => {
      if (network.kind === "unavailable") {
        return;
      }
      const lab = network;
      const { ip } = lab.node("m2");
      const connect = `exec 3<>/dev/tcp/${ip}/4711`;
      function tryConnect(): Promise<Finished> {
        return lab.runIn("m1", ["timeout", "1", "bash", "-c", connect]);
      }
      const refused = await tryConnect();
      expect(refused.stderr).toContain("refused");
      await network.partition("m2", ["m1"], { ports: [4711], direction: "in" });
      const dropped = await tryConnect();
      expect(dropped.code).toBe(124);
      await network.heal("m2");
      expect((await tryConnect()).stderr).toContain("refused");
    });
  },
);

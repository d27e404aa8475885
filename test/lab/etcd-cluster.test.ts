import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createEtcdCluster, type EtcdCluster } from "./etcd-cluster.ts";
import { ensureEtcd, type EtcdVersion } from "./etcd-binaries.ts";
import { createRunFolder, removeFolderWithMounts } from "./run-folder.ts";

async function describeVersion(version: EtcdVersion): Promise<void> {
  const binaries = await ensureEtcd(version);
  const why = binaries.kind === "unavailable" ? ` (skipped: ${binaries.because})` : "";

  describe.skipIf(binaries.kind === "unavailable")(`test/lab/etcd-cluster on etcd ${version}${why}`, () => {
    let folder = "";
    let cluster: EtcdCluster;

    beforeAll(async () => {
      if (binaries.kind === "unavailable") {
        return;
      }
      folder = await createRunFolder();
      const members = ["m1", "m2", "m3"].map((name) => ({ name }));
      cluster = await createEtcdCluster({ binaries, dir: folder, members });
      await cluster.start();
      await cluster.waitHealthy();
    });

    afterAll(async () => {
      await cluster?.stopAll();
      if (folder) {
        await removeFolderWithMounts(folder);
      }
    });

    it("elects a leader and keeps what is written", async () => {
      expect(await cluster.leader()).toBeDefined();
      expect(await cluster.followers()).toHaveLength(2);
      expect(await cluster.put("colour", "green")).toBe(true);
      expect(await cluster.get("colour")).toBe("green");
    });

    it("asks every client for a certificate", async () => {
      const status = await fetch(`${cluster.member("m1").clientUrl}/version`).catch((error: Error) => error);
      expect(status).toBeInstanceOf(Error);
    });

    it("keeps private keys readable by their owner only", () => {
      const key = join(cluster.member("m1").certDir, "peer.key");
      expect(statSync(key).mode & 0o777).toBe(0o600);
    });

    it("elects another leader when the leader is killed, and takes the old one back with changed flags", async () => {
      const old = await cluster.leader();
      const oldPid = old!.pid;
      await old!.kill();
      expect(old!.isRunning()).toBe(false);
      await cluster.waitHealthy();
      const next = await cluster.leader();
      expect(next).toBeDefined();
      expect(next).not.toBe(old);
      await old!.restart({ "max-snapshots": "3" });
      await cluster.waitHealthy();
      expect(old!.pid).not.toBe(oldPid);
      expect(readFileSync(`/proc/${old!.pid}/cmdline`, "utf8").split("\0")).toContain("--max-snapshots=3");
    });

    it("freezes and wakes a member", async () => {
      const [follower] = await cluster.followers();
      follower!.stop();
      expect(await cluster.etcdctl.status(follower!.clientUrl)).toBeUndefined();
      follower!.cont();
      await cluster.waitHealthy();
      expect(await cluster.etcdctl.status(follower!.clientUrl)).toBeDefined();
    });

    it("refuses a peer whose certificate has expired, at its next start", async () => {
      const [follower] = await cluster.followers();
      const expired = { notBefore: new Date("2020-01-01"), notAfter: new Date("2021-01-01") };
      await cluster.pki.reissueMember(follower!.identity, "peer", expired);
      await follower!.restart();
      expect(await cluster.etcdctl.isHealthy(follower!.clientUrl)).toBe(false);
      await cluster.pki.reissueMember(follower!.identity, "peer");
      await follower!.restart();
      await cluster.waitHealthy();
    });
  });
}

await describeVersion("3.4");
await describeVersion("3.5");

/**
 * An independent client of etcd as the witness: what the agent's own door reads of a member must be what etcd3 reads of
 * the same member. It shares neither the transport, nor the framing, nor the message definitions.
 */
import { readFileSync } from "node:fs";
import { Etcd3 } from "etcd3";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createEtcdDoor, type ClosableEtcdDoor } from "../../agent/etcd/create-etcd-door.ts";
import type { EtcdStatus } from "../../agent/etcd/etcd-door.ts";
import { systemClock } from "../../shared/clock.ts";
import { TEST_CONFIG, discoveredEtcd } from "../agent/probe/probe-context.ts";
import { silentLog } from "../agent/silent-log.ts";
import { ensureEtcd, type EtcdVersion } from "../lab/etcd-binaries.ts";
import { createEtcdCluster, type EtcdCluster } from "../lab/etcd-cluster.ts";
import type { EtcdMember } from "../lab/etcd-member.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { waitFor } from "../lab/wait-for.ts";

const VERSIONS: readonly EtcdVersion[] = ["3.4", "3.5"];
const SOON = { timeoutMs: 30_000 };
const NAMES = ["m1", "m2", "m3"];

function signal(): AbortSignal {
  return new AbortController().signal;
}

for (const version of VERSIONS) {
  const binaries = await ensureEtcd(version);
  const why = binaries.kind === "unavailable" ? ` (skipped: ${binaries.because})` : "";

  describe.skipIf(binaries.kind === "unavailable")(
    `test/integration/etcd3-oracle on ${version}${why}`,
    () => {
      let folder = "";
      let cluster: EtcdCluster;
      let door: ClosableEtcdDoor;
      const clients: Etcd3[] = [];

      function oracleOf(member: EtcdMember): Etcd3 {
        const { pki } = cluster;
        const client = new Etcd3({
          hosts: member.clientUrl,
          credentials: {
            rootCertificate: readFileSync(pki.caPath),
            privateKey: readFileSync(pki.client.key),
            certChain: readFileSync(pki.client.cert),
          },
        });
        clients.push(client);
        return client;
      }

      /** Asked before and after the door: a number that moved meanwhile cannot be compared, and is asked for again. */
      async function statusOfBoth(
        member: EtcdMember,
      ): Promise<{ readonly door: EtcdStatus; readonly oracle: object }> {
        const client = oracleOf(member);
        let both: { readonly door: EtcdStatus; readonly oracle: object } | undefined;
        await waitFor(
          "a moment in which nothing changes",
          async () => {
            const before = await client.maintenance.status();
            const seen = await (member.name === "m1"
              ? door.ownStatus({ signal: signal() })
              : door.memberStatus(member.name, { signal: signal() }));
            const after = await client.maintenance.status();
            both = { door: seen, oracle: after };
            return JSON.stringify(before) === JSON.stringify(after);
          },
          SOON,
        );
        return both!;
      }

      beforeAll(async () => {
        if (binaries.kind === "unavailable") {
          return;
        }
        folder = await createRunFolder();
        cluster = await createEtcdCluster({
          binaries,
          dir: folder,
          members: NAMES.map((name) => ({ name })),
        });
        await cluster.start();
        await cluster.waitHealthy();
        await cluster.put("health", "x");
        const m1 = cluster.member("m1");
        const discovered = discoveredEtcd(m1.flags, { pid: m1.pid });
        door = createEtcdDoor({
          discovered: () => discovered,
          config: TEST_CONFIG,
          clock: systemClock,
          log: silentLog,
        });
      });

      afterEach(() => clients.splice(0).forEach((client) => client.close()));

      afterAll(async () => {
        await door?.close();
        await cluster?.stopAll();
        if (folder !== "") {
          await removeFolderWithMounts(folder);
        }
      });

      it("lists the same members", async () => {
        const listed = await door.memberList(signal());
        const told = await oracleOf(cluster.member("m1")).cluster.memberList({});
        expect(String(listed.clusterId)).toBe(told.header.cluster_id);
        const members = listed.members.map(({ id, name, peerUrls, clientUrls }) => ({
          ID: String(id),
          name,
          peerURLs: peerUrls,
          clientURLs: clientUrls,
        }));
        expect(members).toHaveLength(3);
        expect(new Set(members)).toEqual(
          new Set(
            told.members.map(({ ID, name, peerURLs, clientURLs }) => ({ ID, name, peerURLs, clientURLs })),
          ),
        );
      });

      it.each(NAMES)("reads the same Status of %s", async (name) => {
        await door.memberList(signal());
        const both = await statusOfBoth(cluster.member(name));
        const { door: seen } = both;
        expect(both.oracle).toMatchObject({
          header: { member_id: String(seen.memberId), cluster_id: String(seen.clusterId) },
          version: seen.version,
          leader: String(seen.leaderId),
          raftTerm: String(seen.raftTerm),
          raftIndex: String(seen.raftIndex),
          raftAppliedIndex: String(seen.raftAppliedIndex),
          dbSize: String(seen.dbSizeBytes),
          dbSizeInUse: String(seen.dbSizeInUseBytes),
          isLearner: seen.isLearner,
        });
        expect(seen.version).toContain(version);
        expect(seen.leaderId).not.toBe(0n);
      });

      it("sees in Status the alarm that another client raised, and its end", async () => {
        const client = oracleOf(cluster.member("m1"));
        const memberID = String((await door.ownStatus({ signal: signal() })).memberId);
        await client.maintenance.alarm({ action: "Activate", memberID, alarm: "Nospace" });
        try {
          const told = await client.maintenance.alarm({ action: "Get" });
          expect(told.alarms).toMatchObject([{ memberID, alarm: "Nospace" }]);
          expect((await door.ownStatus({ signal: signal() })).errors).toEqual([
            `memberID:${memberID} alarm:NOSPACE`,
          ]);
        } finally {
          await client.maintenance.alarm({ action: "Deactivate", memberID, alarm: "Nospace" });
        }
        expect((await door.ownStatus({ signal: signal() })).errors).toEqual([]);
      });

      // Last: it leaves m1 alone.
      it("agrees on which reads work, with a majority and without", async () => {
        const client = oracleOf(cluster.member("m1"));
        const asked = { key: Buffer.from("health"), limit: 1, count_only: true };
        async function bothAnswer(consistency: "serializable" | "linearizable"): Promise<readonly boolean[]> {
          const byDoor = door.read(consistency, signal());
          const deadline = systemClock.nowMs() + 2_000;
          const byOracle = client.kv.range(
            { ...asked, serializable: consistency === "serializable" },
            { deadline },
          );
          return (await Promise.allSettled([byDoor, byOracle])).map(({ status }) => status === "fulfilled");
        }
        expect(await bothAnswer("serializable")).toEqual([true, true]);
        expect(await bothAnswer("linearizable")).toEqual([true, true]);
        await Promise.all(["m2", "m3"].map(async (name) => await cluster.member(name).kill()));
        await waitFor(
          "m1 knows no leader",
          async () => (await door.ownStatus({ signal: signal() })).leaderId === 0n,
          SOON,
        );
        expect((await client.maintenance.status()).leader).toBe("0");
        expect(await bothAnswer("serializable")).toEqual([true, true]);
        expect(await bothAnswer("linearizable")).toEqual([false, false]);
      });
    },
  );
}

/** etcd's data, its quota and its membership. */
import { chownSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { WatchedCluster } from "../../integration/watched-cluster.ts";
import type { EtcdMember } from "../etcd-member.ts";
import { pickFollower, pickLeader, supervise, urlsOf, type Fault, type PreparedFault } from "../fault.ts";
import { flip, putMany, walOf } from "../log-story.ts";
import { waitFor } from "../wait-for.ts";

const MIB = 1024 * 1024;
const NOBODY = 65_534;

async function putLarge(on: WatchedCluster, key: string, bytes: number): Promise<boolean> {
  return (await on.etcd.etcdctl.run(urlsOf(on), ["put", key], "v".repeat(bytes))).ok;
}

async function readDbBytes(on: WatchedCluster): Promise<number> {
  const said = await on.etcd.etcdctl.run(urlsOf(on).slice(0, 1), ["endpoint", "status", "--write-out=json"]);
  return Number(/"dbSize":(\d+)/.exec(said.stdout)?.[1] ?? 0);
}

/** Stops the member, does something to its data, and lets its supervisor try to start it until it is healed. */
function breakData(
  member: EtcdMember,
  damage: () => Promise<void> | void,
): Pick<PreparedFault, "inject" | "heal"> {
  let supervisor: ReturnType<typeof supervise> | undefined;
  return {
    inject: async () => {
      await member.kill("SIGTERM");
      await damage();
      await member.start();
      supervisor = supervise(member);
    },
    heal: async () => {
      await supervisor?.stop();
      await member.kill();
    },
  };
}

/** Gives everything below a folder to a user; the member then runs as that user. */
function give(folder: string, uid: number): void {
  chownSync(folder, uid, uid);
  for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    chownSync(join(folder, entry), uid, uid);
  }
}

export const DATA_FAULTS: readonly Fault[] = [
  {
    name: "quota-alarm",
    spoils: true,
    needs: { flags: { "quota-backend-bytes": String(16 * MIB) } },
    prepare: async (on) =>
      await Promise.resolve({
        story: "values are written until the quota of 16 MiB is used up and etcd raises its alarm",
        causes: ["QUOTA_EXCEEDED"],
        also: ["QUOTA_EXCEEDED", "QUOTA_NEAR"],
        verdicts: ["degraded"] as const,
        inject: async () => {
          let isTaken = true;
          for (let count = 0; count < 200 && isTaken; count += 1) {
            isTaken = await putLarge(on, `/large/${count}`, 1_000_000);
          }
        },
        heal: async () => await Promise.resolve(),
      }),
  },
  {
    name: "quota-near",
    spoils: true,
    causeWithinMs: 15_000,
    needs: { flags: { "quota-backend-bytes": String(16 * MIB) } },
    prepare: async (on) =>
      await Promise.resolve({
        story: "more than 80 % of the quota is used",
        causes: ["QUOTA_NEAR"],
        also: ["QUOTA_NEAR"],
        verdicts: ["healthy"] as const,
        inject: async () => {
          for (let count = 0; count < 200 && (await readDbBytes(on)) < 0.82 * 16 * MIB; count += 1) {
            await putLarge(on, `/large/${count}`, 200_000);
          }
        },
        heal: async () => await Promise.resolve(),
      }),
  },
  {
    name: "fragmentation",
    spoils: true,
    causeWithinMs: 20_000,
    prepare: async (on) =>
      await Promise.resolve({
        story: "150 MB are written, deleted and compacted",
        causes: ["DB_FRAGMENTED"],
        also: ["DB_FRAGMENTED"],
        verdicts: ["healthy"] as const,
        inject: async () => {
          for (let count = 0; count < 125; count += 1) {
            await putLarge(on, `/large/${count}`, 1_200_000);
          }
          await on.etcd.etcdctl.run(urlsOf(on), ["del", "/large/", "--prefix"]);
          const said = await on.etcd.etcdctl.run(urlsOf(on), ["get", "none", "--write-out=json"]);
          const revision = /"revision":(\d+)/.exec(said.stdout)?.[1] ?? "";
          await on.etcd.etcdctl.run(urlsOf(on), ["compact", revision, "--physical"]);
        },
        heal: async () => await Promise.resolve(),
      }),
  },
  {
    name: "wal-corrupt",
    spoils: true,
    causeWithinMs: 20_000,
    prepare: async (on) => {
      const member = await pickFollower(on);
      return {
        story: `a few bytes in the WAL of ${member.name} are flipped, and it is restarted`,
        causes: [`START_WAL_CORRUPT ${member.name}`],
        also: [`MEMBER_DOWN ${member.name}`],
        verdicts: ["at-risk"],
        ...breakData(member, async () => {
          await member.start();
          await waitFor("it serves", async () => await on.etcd.etcdctl.isHealthy(member.clientUrl), {
            timeoutMs: 20_000,
          });
          await putMany(on.etcd, 5);
          await member.kill();
          const wal = walOf(member);
          flip(wal, readFileSync(wal).indexOf("value-3"), 4);
        }),
      };
    },
  },
  {
    name: "db-corrupt",
    spoils: true,
    causeWithinMs: 20_000,
    prepare: async (on) => {
      const member = await pickFollower(on);
      return {
        story: `the first pages of the database of ${member.name} are flipped, and it is restarted`,
        causes: [`START_DB_CORRUPT ${member.name}`],
        also: [`MEMBER_DOWN ${member.name}`],
        verdicts: ["at-risk"],
        ...breakData(member, () => flip(join(member.dataDir, "member/snap/db"), 0, 8192)),
      };
    },
  },
  {
    name: "wrong-permission",
    spoils: true,
    causeWithinMs: 20_000,
    prepare: async (on) => {
      const member = await pickFollower(on);
      const unprivileged = ["setpriv", `--reuid=${NOBODY}`, "--clear-groups", "--"];
      return {
        story: `etcd of ${member.name} runs as another user, to whom its data directory does not belong`,
        causes: [`START_DATA_DIR_PERMISSION ${member.name}`],
        also: [`MEMBER_DOWN ${member.name}`],
        verdicts: ["at-risk"],
        inject: async () => {
          await member.kill("SIGTERM");
          give(member.certDir, NOBODY);
          for (let turn = 0; turn < 4; turn += 1) {
            await member.start(unprivileged);
            await waitFor("it ends", () => !member.isRunning(), { timeoutMs: 10_000 });
          }
        },
        heal: async () => await member.kill(),
      };
    },
  },
  {
    name: "member-removed",
    spoils: true,
    causeWithinMs: 15_000,
    prepare: async (on) => {
      const member = await pickFollower(on);
      const id = (await on.etcd.etcdctl.status(member.clientUrl))?.memberId ?? "";
      let supervisor: ReturnType<typeof supervise> | undefined;
      return {
        story: `${member.name} is removed from the cluster and goes on being started`,
        causes: [`MEMBER_REMOVED ${member.name}`],
        also: [`MEMBER_DOWN ${member.name}`],
        verdicts: ["degraded", "healthy", "at-risk"],
        inject: async () => {
          supervisor = supervise(member);
          const leader = await pickLeader(on);
          await waitFor(
            "the member is removed",
            async () => (await on.etcd.etcdctl.run([leader.clientUrl], ["member", "remove", id])).ok,
            { timeoutMs: 20_000, intervalMs: 1000 },
          );
        },
        heal: async () => {
          await supervisor?.stop();
          await member.kill();
        },
      };
    },
  },
  {
    name: "cluster-id-mismatch",
    spoils: true,
    causeWithinMs: 20_000,
    prepare: async (on) => {
      const member = await pickFollower(on);
      return {
        story: `${member.name} loses its data and is bootstrapped as a cluster of its own`,
        causes: [`CLUSTER_ID_MISMATCH ${member.name}`],
        also: [`MEMBER_DOWN ${member.name}`],
        verdicts: ["at-risk"],
        inject: async () => {
          await member.kill();
          rmSync(join(member.dataDir, "member"), { recursive: true });
          await member.restart({
            "initial-cluster": `${member.name}=${member.peerUrl}`,
            "initial-cluster-token": "another",
          });
        },
        heal: async () => await member.kill(),
      };
    },
  },
  {
    name: "learner-behind",
    spoils: true,
    // The member list is read once a minute, and a new member has half a minute to be started.
    causeWithinMs: 100_000,
    prepare: async (on) => {
      const leader = await pickLeader(on);
      return {
        story: "a learner is added that is never started",
        causes: ["LEARNER_NOT_PROMOTED"],
        also: ["MEMBER_DOWN m9"],
        verdicts: ["healthy", "degraded"],
        inject: async () => {
          const add = ["member", "add", "m9", "--learner", "--peer-urls=https://10.99.0.99:2380"];
          await waitFor(
            "the learner is added",
            async () => (await on.etcd.etcdctl.run([leader.clientUrl], add)).ok,
            { timeoutMs: 20_000, intervalMs: 1000 },
          );
        },
        heal: async () => await Promise.resolve(),
      };
    },
  },
  {
    name: "data-differs",
    spoils: true,
    causeWithinMs: 30_000,
    needs: { flags: { "experimental-corrupt-check-time": "5s", "snapshot-count": "20" } },
    prepare: async (on) => {
      const member = await pickFollower(on);
      return {
        story: `a value in the database of ${member.name} is changed behind etcd's back; etcd's own check finds it`,
        causes: ["DATA_CORRUPT"],
        // It is restarted with what was changed.
        also: [`MEMBER_DOWN ${member.name}`],
        verdicts: ["degraded"],
        inject: async () => {
          await on.etcd.put("marker", "marker-value-to-be-changed");
          await putMany(on.etcd, 60);
          await member.kill("SIGTERM");
          const db = join(member.dataDir, "member/snap/db");
          for (
            let at = readFileSync(db).indexOf("marker-value");
            at >= 0;
            at = readFileSync(db).indexOf("marker-value", at)
          ) {
            flip(db, at, 1);
          }
          await member.restart({ "experimental-initial-corrupt-check": "" });
        },
        untilVisible: async () =>
          void (await waitFor(
            "the alarm is raised",
            async () => (await on.etcd.etcdctl.run(urlsOf(on), ["alarm", "list"])).stdout.includes("CORRUPT"),
            { timeoutMs: 40_000 },
          )),
        heal: async () => await Promise.resolve(),
      };
    },
  },
];

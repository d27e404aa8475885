/** What is done to a real cluster so that its members log it: one story a fault. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createEtcdPki } from "./etcd-pki.ts";
import { follower, leader, flip, walOf, putMany, reissue, type Story } from "./log-story.ts";
import { MACHINE_STORIES } from "./machine-stories.ts";
import { runCommand } from "./run-command.ts";
import { startFailures } from "./start-failures.ts";
import { waitFor } from "./wait-for.ts";

const PAST = { notBefore: new Date("2025-01-01"), notAfter: new Date("2026-01-01") };
const FUTURE = { notBefore: new Date("2036-01-01"), notAfter: new Date("2037-01-01") };

export const STORIES: Readonly<Record<string, Story>> = {
  healthy: {
    flags: { "snapshot-count": "50", "auto-compaction-mode": "periodic", "auto-compaction-retention": "10s" },
    run: async ({ etcd, dir }) => {
      await putMany(etcd, 120);
      await etcd.etcdctl.run([etcd.members[0]!.clientUrl], ["compact", "60"]);
      await etcd.etcdctl.run([etcd.members[1]!.clientUrl], ["defrag"]);
      // It is renamed to its place: to save it to /dev/null would replace the machine's.
      await etcd.etcdctl.run([etcd.members[1]!.clientUrl], ["snapshot", "save", join(dir, "backup.db")]);
      await delay(12_000);
      await putMany(etcd, 20);
    },
  },
  "planned-restart": {
    run: async ({ etcd, until }) => {
      const member = await leader(etcd);
      await member.restart();
      await until(member, "ready to serve client requests", 20_000);
      await etcd.waitHealthy();
    },
  },
  "follower-killed": {
    run: async ({ etcd, until }) => {
      const [victim, watcher] = [await follower(etcd), await leader(etcd)];
      await victim.kill();
      await until(watcher, "connection refused", 15_000);
      await until(watcher, "peer became inactive", 5000);
      await delay(8000);
      await victim.start();
      await etcd.waitHealthy();
    },
  },
  "leader-killed": {
    run: async ({ etcd, until }) => {
      const [victim, watcher] = [await leader(etcd), await follower(etcd)];
      await victim.kill();
      await until(watcher, /elected leader/, 15_000);
      await delay(1500);
    },
  },
  "quorum-lost": {
    run: async ({ etcd, until }) => {
      const keeper = await leader(etcd);
      for (const member of etcd.members) {
        if (member !== keeper) {
          await member.kill();
        }
      }
      await until(keeper, "quorum is not active", 15_000);
      void etcd.get("key");
      await until(keeper, /is starting a new election|no leader at term/, 15_000);
      await delay(9000);
    },
  },
  "leader-paused": {
    run: async ({ etcd }) => {
      const victim = await leader(etcd);
      for (let turn = 0; turn < 6; turn += 1) {
        void etcd.put("key", "value");
        victim.stop();
        await delay(600);
        victim.cont();
        await delay(300);
      }
      await delay(2000);
    },
  },
  "disk-full": {
    smallDisk: "m2",
    run: async ({ etcd, until }) => {
      const victim = etcd.member("m2");
      const value = "x".repeat(100_000);
      for (let index = 0; index < 120 && victim.isRunning(); index += 1) {
        await etcd.put(`big-${index}`, value);
      }
      for (let turn = 0; turn < 3; turn += 1) {
        await waitFor("it dies", () => !victim.isRunning(), { timeoutMs: 20_000 }).catch(() => 0);
        await victim.start();
      }
      await until(victim, "no space left", 10_000);
    },
  },
  "wal-corrupt": {
    run: async ({ etcd, until }) => {
      const victim = await follower(etcd);
      await putMany(etcd, 20);
      await victim.kill();
      const wal = walOf(victim);
      flip(wal, readFileSync(wal).indexOf("value-3"), 4);
      await victim.start();
      await until(victim, "crc mismatch", 10_000);
      await delay(500);
    },
  },
  "db-corrupt": {
    run: async ({ etcd, until }) => {
      const victim = await follower(etcd);
      await victim.kill();
      const db = join(victim.dataDir, "member/snap/db");
      flip(db, 0, 8192);
      await victim.start();
      await until(victim, /invalid database|panic/, 10_000);
      await delay(500);
    },
  },
  "snap-db-missing": {
    flags: { "snapshot-count": "20" },
    run: async ({ etcd, until }) => {
      const victim = await follower(etcd);
      await putMany(etcd, 70);
      await victim.kill();
      rmSync(join(victim.dataDir, "member/snap/db"));
      await victim.start();
      await until(victim, /panic|snapshot file/, 10_000);
      await delay(500);
    },
  },
  "wal-lost": {
    run: async ({ etcd, until }) => {
      const victim = await follower(etcd);
      await putMany(etcd, 30);
      await victim.kill();
      rmSync(join(victim.dataDir, "member"), { recursive: true });
      await victim.restart({ "initial-cluster-state": "existing" });
      await until(victim, /is out of range|panic/, 15_000);
      await delay(500);
    },
  },
  "already-bootstrapped": {
    run: async ({ etcd, until }) => {
      const victim = await follower(etcd);
      await victim.kill();
      rmSync(join(victim.dataDir, "member"), { recursive: true });
      await victim.start();
      await until(victim, "already been bootstrapped", 15_000);
      await delay(500);
    },
  },
  "data-corrupt": {
    flags: { "experimental-corrupt-check-time": "5s", "snapshot-count": "20" },
    run: async ({ etcd, until }) => {
      await etcd.put("marker", "marker-value-to-be-changed");
      await putMany(etcd, 60);
      const victim = await follower(etcd);
      const watcher = await leader(etcd);
      await victim.kill("SIGTERM");
      const db = join(victim.dataDir, "member/snap/db");
      const bytes = readFileSync(db);
      for (let at = bytes.indexOf("marker-value"); at >= 0; at = bytes.indexOf("marker-value", at + 1)) {
        bytes.write("M", at);
      }
      writeFileSync(db, bytes);
      await victim.restart({ "experimental-initial-corrupt-check": "" });
      await until(watcher, /hash|corrupt/i, 20_000);
      await delay(2000);
      await etcd.put("key", "value");
      await victim.restart({ "experimental-initial-corrupt-check": "true" });
      await until(victim, /inconsistency|different hash/, 15_000);
      await delay(1000);
    },
  },
  "quota-exceeded": {
    flags: { "quota-backend-bytes": String(2 * 1024 * 1024) },
    run: async ({ etcd }) => {
      const value = "x".repeat(100_000);
      for (let index = 0; index < 30; index += 1) {
        await etcd.put(`big-${index}`, value);
      }
      await runCommand(["curl", "-sm2", `${etcd.members[0]!.metricsUrl}/health`]);
      await delay(1000);
    },
  },
  "member-removed": {
    run: async ({ etcd, until }) => {
      const victim = await follower(etcd);
      const id = (await etcd.etcdctl.status(victim.clientUrl))?.memberId ?? "";
      const keeper = await leader(etcd);
      // Refused while the members are not connected for five seconds.
      await waitFor(
        "the member is removed",
        async () => (await etcd.etcdctl.run([keeper.clientUrl], ["member", "remove", id])).ok,
        { timeoutMs: 20_000, intervalMs: 1000 },
      );
      await until(victim, "removed", 10_000);
      await waitFor("it ends", () => !victim.isRunning(), { timeoutMs: 15_000 }).catch(() => 0);
      await victim.start();
      await until(victim, "permanently removed", 10_000);
      await delay(3000);
    },
  },
  "learner-added": {
    run: async ({ etcd }) => {
      const keeper = await leader(etcd);
      await delay(6000);
      await etcd.etcdctl.run(
        [keeper.clientUrl],
        ["member", "add", "m9", "--learner", "--peer-urls=https://127.0.0.1:59999"],
      );
      await delay(3000);
    },
  },
  "cluster-id": {
    run: async ({ etcd, until }) => {
      const victim = await follower(etcd);
      await victim.kill();
      rmSync(join(victim.dataDir, "member"), { recursive: true });
      await victim.restart({
        "initial-cluster": `${victim.name}=${victim.peerUrl}`,
        "initial-cluster-token": "another",
      });
      await until(await leader(etcd), "cluster ID mismatch", 20_000);
      await delay(2000);
    },
  },
  partition: {
    namespaces: true,
    run: async ({ etcd, network, until }) => {
      const victim = await follower(etcd);
      const others = etcd.members.filter((member) => member !== victim).map((member) => member.name);
      await network?.partition(victim.name, others);
      await until(await leader(etcd), /i\/o timeout|unhealthy/, 40_000);
      await delay(30_000);
      await network?.heal(victim.name);
      await delay(8000);
    },
  },
  "isolated-leader": {
    namespaces: true,
    run: async ({ etcd, network, until }) => {
      const victim = await leader(etcd);
      const others = etcd.members.filter((member) => member !== victim).map((member) => member.name);
      await network?.partition(victim.name, others);
      await until(victim, "quorum is not active", 20_000);
      await delay(5000);
    },
  },
  "peer-cert-expired": {
    run: async (patient) => {
      const victim = await follower(patient.etcd);
      await reissue(patient, victim, [victim.identity, "peer", PAST]);
      await patient.until(await leader(patient.etcd), /expired/, 20_000);
      await delay(8000);
    },
  },
  "peer-cert-not-yet": {
    run: async (patient) => {
      const victim = await follower(patient.etcd);
      await reissue(patient, victim, [victim.identity, "peer", FUTURE]);
      await patient.until(await leader(patient.etcd), /not yet valid/, 20_000);
      await delay(4000);
    },
  },
  "server-cert-expired": {
    run: async (patient) => {
      const victim = await follower(patient.etcd);
      await reissue(patient, victim, [victim.identity, "server", PAST]);
      await delay(4000);
      await patient.etcd.etcdctl.run([victim.clientUrl], ["get", "x"]);
      await delay(1000);
    },
  },
  "client-cert-expired": {
    run: async ({ etcd }) => {
      await etcd.pki.issue({ commonName: "old", ...PAST }, etcd.pki.client);
      await etcd.etcdctl.run([etcd.members[0]!.clientUrl], ["get", "x"]);
      await delay(500);
    },
  },
  "peer-wrong-ca": {
    run: async ({ etcd, dir, until }) => {
      const victim = await follower(etcd);
      const other = await createEtcdPki(join(dir, "other-pki"), [victim.identity]);
      for (const name of ["peer.crt", "peer.key"]) {
        writeFileSync(join(victim.certDir, name), readFileSync(join(other.certDir(victim.name), name)));
      }
      await victim.restart();
      await until(await leader(etcd), /unknown authority/, 20_000);
      await delay(4000);
    },
  },
  "peer-san": {
    namespaces: true,
    run: async (patient) => {
      const victim = await follower(patient.etcd);
      const identity = { name: victim.name, ips: ["10.1.2.3"], dnsNames: ["elsewhere"] };
      await reissue(patient, victim, [identity, "peer"]);
      await patient.until(await leader(patient.etcd), /does not match any|is valid for/, 25_000);
      await delay(5000);
    },
  },
  "port-probe": {
    run: async ({ etcd }) => {
      const { hostname, port } = new URL(etcd.members[0]!.clientUrl);
      const peer = new URL(etcd.members[0]!.peerUrl);
      for (const url of [{ hostname, port }, peer]) {
        await runCommand([
          "bash",
          "-c",
          `exec 3<>/dev/tcp/${url.hostname}/${url.port}; sleep 0.2; exec 3>&-`,
        ]);
        await runCommand(["curl", "-sm1", `http://${url.hostname}:${url.port}/`]);
        await runCommand(["curl", "-skm1", `https://${url.hostname}:${url.port}/`]);
      }
      await delay(500);
    },
  },
  "large-ranges": {
    run: async ({ etcd }) => {
      const value = "x".repeat(100_000);
      for (let index = 0; index < 150; index += 1) {
        await etcd.put(`big-${index}`, value);
      }
      const target = [etcd.members[0]!.clientUrl];
      for (let turn = 0; turn < 4; turn += 1) {
        await Promise.all(
          Array.from({ length: 6 }, () =>
            etcd.etcdctl.run(target, ["get", "", "--prefix", "--count-only=false", "--write-out=fields"]),
          ),
        );
      }
      await etcd.etcdctl.run(target, ["put", "huge", "x".repeat(120_000)]);
    },
  },
  "start-failures": { run: startFailures },
  ...MACHINE_STORIES,
};

/**
 * What healthy clusters print over hours, for test/fixture/logs: `node test/lab/healthy-hours.ts OUT MINUTES [CLUSTER…]`. Three clusters side
 * by side, or those named, 3.4 with each logger and 3.5, under an API server's light load, with what is done to a cluster that is well: compactions, defrags,
 * snapshots, looks, restarts in an orderly way. OUT/CLUSTER/mN.log is what a member printed, OUT/CLUSTER/marks.jsonl what was done when.
 */
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ensureEtcd, type EtcdVersion } from "./etcd-binaries.ts";
import { createEtcdCluster, type EtcdCluster } from "./etcd-cluster.ts";
import type { EtcdMember } from "./etcd-member.ts";
import { startLabProcess } from "./lab-process.ts";
import { createNetwork, type Network } from "./network.ts";

const MINUTE_MS = 60_000;

interface Place {
  readonly name: string;
  readonly version: EtcdVersion;
  /** Empty: the version's own default. */
  readonly logger: string;
}

const PLACES: readonly Place[] = [
  { name: "3.4.23-plain", version: "3.4", logger: "" },
  { name: "3.4.23-zap", version: "3.4", logger: "zap" },
  { name: "3.5.16-zap", version: "3.5", logger: "zap" },
];

/** Small snapshots come every few minutes instead of every day, and what follows from them. */
const FLAGS = {
  "snapshot-count": "1000",
  "auto-compaction-mode": "periodic",
  "auto-compaction-retention": "5m",
};

type Mark = (what: string, member?: string) => void;

/** As a kubelet and a Prometheus do. */
async function look(etcd: EtcdCluster, network: Network): Promise<void> {
  for (const member of etcd.members) {
    for (const path of ["health", "metrics", "version"]) {
      await network.runIn(member.name, ["curl", "-sm5", "-o/dev/null", `${member.metricsUrl}/${path}`]);
    }
  }
}

/** As clients do that come and go: absent keys, old revisions, leases that end, watches that are left. */
async function visit({ etcdctl }: EtcdCluster, member: EtcdMember): Promise<void> {
  const calls = [
    ["get", "/absent/key"],
    ["get", "/load/", "--prefix", "--keys-only", "--limit=10"],
    ["get", "/load/001", "--rev=2"],
    ["del", "/absent", "--prefix"],
    ["lease", "grant", "5"],
    ["lease", "timetolive", "1234"],
    ["endpoint", "status"],
    ["endpoint", "hashkv"],
    ["member", "list"],
    ["alarm", "list"],
    ["watch", "/load/", "--prefix", "--rev=1"],
  ];
  for (const args of calls) {
    await etcdctl.run([member.clientUrl], [...args]);
    await delay(500);
  }
}

async function restart(etcd: EtcdCluster, member: EtcdMember, mark: Mark): Promise<void> {
  mark("restart begins", member.name);
  await member.restart();
  await etcd.waitHealthy();
  mark("restart ends", member.name);
  await delay(20_000);
}

/** What is done in a minute of the run, counted from 1. */
async function care(etcd: EtcdCluster, minute: number, mark: Mark): Promise<void> {
  const member = etcd.members[minute % etcd.members.length]!;
  await visit(etcd, member);
  if (minute % 6 === 3) {
    mark("defrag", member.name);
    await etcd.etcdctl.run([member.clientUrl], ["defrag"]);
  }
  if (minute % 9 === 4) {
    mark("snapshot save", member.name);
    await etcd.etcdctl.run([member.clientUrl], ["snapshot", "save", join(member.dataDir, "../backup.db")]);
  }
  if (minute % 25 === 20) {
    for (const each of etcd.members) {
      await restart(etcd, each, mark);
    }
  }
  if (minute % 25 === 10) {
    const [from, to] = [await etcd.leader(), (await etcd.followers())[0]];
    const id = to === undefined ? undefined : await etcd.etcdctl.status(to.clientUrl);
    if (from !== undefined && to !== undefined && id !== undefined) {
      mark("move-leader", to.name);
      await etcd.etcdctl.run([from.clientUrl], ["move-leader", id.memberId]);
    }
  }
}

async function live(place: Place, out: string, minutes: number): Promise<void> {
  const binaries = await ensureEtcd(place.version);
  if (binaries.kind !== "available") {
    throw new Error(binaries.because);
  }
  const dir = join(out, place.name);
  mkdirSync(dir, { recursive: true });
  const flags = { ...FLAGS, logger: place.logger };
  const names = ["m1", "m2", "m3"];
  // Each cluster in a network of its own: on loopback they would take each other's ports.
  const network = await createNetwork({ members: names });
  if (network.kind !== "available") {
    throw new Error(network.because);
  }
  const { namespace } = network.node("collector");
  const members = names.map((name) => {
    const { ip, namespace: home } = network.node(name);
    return { name, ip, namespace: home };
  });
  const etcd = await createEtcdCluster({ binaries, dir, members, flags, clientNamespace: namespace });
  const mark: Mark = (what, member) =>
    appendFileSync(
      join(dir, "marks.jsonl"),
      `${JSON.stringify({ at: new Date().toISOString(), what, member })}\n`,
    );
  mark("start");
  await etcd.start();
  await etcd.waitHealthy();
  mark("healthy");
  const targets = etcd.members.map(({ clientUrl }) => ({
    url: clientUrl,
    ca: etcd.pki.caPath,
    cert: etcd.pki.client.cert,
    key: etcd.pki.client.key,
  }));
  const load = await startLabProcess({
    command: [process.execPath, join(import.meta.dirname, "lab-load.ts"), "small", JSON.stringify(targets)],
    logPath: join(dir, "load.log"),
    namespace,
  });
  const looks = setInterval(() => void look(etcd, network), 15_000);
  for (let minute = 1; minute <= minutes; minute += 1) {
    await Promise.all([care(etcd, minute, mark), delay(MINUTE_MS)]);
  }
  clearInterval(looks);
  mark("end");
  await load.stop("SIGKILL");
  await etcd.stopAll();
  await network.destroy();
}

const [out = "", minutes = "60", ...wanted] = process.argv.slice(2);
const places = PLACES.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const ends = await Promise.allSettled(places.map((place) => live(place, out, Number(minutes))));
for (const end of ends) {
  if (end.status === "rejected") {
    console.error(String(end.reason));
  }
}
process.exit(0);

/** A real etcd cluster with TLS for clients and peers, on loopback or with each member in its own network namespace. */

import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { EtcdBinaries } from "./etcd-binaries.ts";
import { createEtcdMember, peerUrlOf, type EtcdMember, type Flags, type MemberPlace } from "./etcd-member.ts";
import { createEtcdPki, type EtcdPki } from "./etcd-pki.ts";
import { createEtcdctl, type Etcdctl } from "./etcdctl.ts";
import { findFreePorts } from "./free-ports.ts";
import { waitFor } from "./wait-for.ts";

export interface MemberSpec {
  readonly name: string;
  /** With a namespace, the member has its own address and etcd's usual ports. */
  readonly namespace?: string;
  readonly ip?: string;
  /** Default: a folder of its own below the cluster's. */
  readonly dataDir?: string;
  readonly flags?: Flags;
}

export interface EtcdClusterOptions {
  readonly binaries: EtcdBinaries;
  readonly dir: string;
  readonly members: readonly MemberSpec[];
  /** Flags for every member, over the usual ones. */
  readonly flags?: Flags;
  /** Namespace that the lab's own etcdctl calls start from. */
  readonly clientNamespace?: string;
}

export interface EtcdCluster {
  readonly members: readonly EtcdMember[];
  readonly pki: EtcdPki;
  readonly etcdctl: Etcdctl;
  member(name: string): EtcdMember;
  start(): Promise<void>;
  /** Every running member answers a linearizable read; returns the seconds it took. */
  waitHealthy(timeoutMs?: number): Promise<number>;
  /** The member that says it leads, in the highest term; undefined when none does. */
  leader(): Promise<EtcdMember | undefined>;
  followers(): Promise<readonly EtcdMember[]>;
  put(key: string, value: string): Promise<boolean>;
  get(key: string): Promise<string | undefined>;
  stopAll(): Promise<void>;
}

const HEALTHY_WITHIN_MS = 40_000;

async function placeMembers(options: EtcdClusterOptions): Promise<readonly MemberPlace[]> {
  const ports = await findFreePorts(options.members.length * 3);
  return options.members.map((spec, index) => {
    const [clientPort = 0, peerPort = 0, metricsPort = 0] = spec.namespace
      ? [2379, 2380, 2381]
      : ports.slice(index * 3, index * 3 + 3);
    return {
      name: spec.name,
      ip: spec.ip ?? "127.0.0.1",
      clientPort,
      peerPort,
      metricsPort,
      dataDir: spec.dataDir ?? join(options.dir, spec.name, "data"),
      logPath: join(options.dir, `${spec.name}.log`),
      namespace: spec.namespace,
    };
  });
}

async function findLeader(members: readonly EtcdMember[], etcdctl: Etcdctl): Promise<EtcdMember | undefined> {
  const statuses = await Promise.all(
    members.map(async (member) => ({
      member,
      status: member.isRunning() ? await etcdctl.status(member.clientUrl) : undefined,
    })),
  );
  const claims = statuses.filter(({ status }) => status !== undefined && status.leaderId === status.memberId);
  claims.sort((a, b) => (b.status?.term ?? 0) - (a.status?.term ?? 0));
  return claims[0]?.member;
}

/** Makes certificates and members; nothing runs until start(). */
export async function createEtcdCluster(options: EtcdClusterOptions): Promise<EtcdCluster> {
  mkdirSync(options.dir, { recursive: true });
  const places = await placeMembers(options);
  const pki = await createEtcdPki(
    join(options.dir, "pki"),
    places.map(({ name, ip }) => ({
      name,
      ips: [...new Set([ip, "127.0.0.1"])],
      dnsNames: ["localhost", name],
    })),
  );
  const initialCluster = places.map((place) => `${place.name}=${peerUrlOf(place)}`).join(",");
  const token = `lab-${randomBytes(4).toString("hex")}`;
  const { binaries } = options;
  const members = places.map((place, index) => {
    const extraFlags = { ...options.flags, ...options.members[index]?.flags };
    return createEtcdMember(place, { binaries, pki, initialCluster, token, extraFlags });
  });
  const etcdctl = createEtcdctl({ binaries, pki, namespace: options.clientNamespace });
  function urlsOfRunning(): readonly string[] {
    return members.filter((member) => member.isRunning()).map((member) => member.clientUrl);
  }

  const cluster: EtcdCluster = {
    members,
    pki,
    etcdctl,
    member: (name) => {
      const found = members.find((member) => member.name === name);
      if (!found) {
        throw new Error(`No member ${name} in ${initialCluster}`);
      }
      return found;
    },
    start: async () => void (await Promise.all(members.map((member) => member.start()))),
    waitHealthy: async (timeoutMs = HEALTHY_WITHIN_MS) =>
      await waitFor(
        "every running member answers a linearizable read",
        async () => (await Promise.all(urlsOfRunning().map((url) => etcdctl.isHealthy(url)))).every(Boolean),
        { timeoutMs },
      ),
    leader: async () => await findLeader(members, etcdctl),
    followers: async () => {
      const leader = await findLeader(members, etcdctl);
      return members.filter((member) => member.isRunning() && member !== leader);
    },
    put: async (key, value) => (await etcdctl.run(urlsOfRunning(), ["put", key, value])).ok,
    get: async (key) => {
      const said = await etcdctl.run(urlsOfRunning(), ["get", key, "--print-value-only"]);
      return said.ok ? said.stdout.replace(/\n$/, "") : undefined;
    },
    stopAll: async () => void (await Promise.all(members.map((member) => member.kill("SIGKILL")))),
  };
  return cluster;
}

/** Three masters and a fourth machine for the collector, each with a systemd of its own, on one network; etcd with TLS as units of the masters. */
import { chmodSync, copyFileSync, cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureEtcd } from "../lab/etcd-binaries.ts";
import { createEtcdPki, type MemberIdentity } from "../lab/etcd-pki.ts";
import type { Network } from "../lab/network.ts";
import { waitFor } from "../lab/wait-for.ts";
import { bootMachine, type Machine, type MachineTools } from "./machine.ts";

export const MASTERS = ["m1", "m2", "m3"] as const;
export const COLLECTOR = "collector";
const PKI = "/etc/etcd/pki";
const DATA = "/var/lib/etcd/data";

export interface Site {
  readonly masters: readonly Machine[];
  readonly collector: Machine;
  readonly all: readonly Machine[];
  machine(name: string): Machine;
  ip(name: string): string;
  /** etcdctl of a master, with its own certificate, towards itself. */
  etcdctl(name: string, args: readonly string[]): readonly string[];
  stop(): Promise<void>;
}

/** A user of its own, and a data directory and keys that only it may read: what the agent's capabilities are for. */
function unitOf(name: string, ip: string, cluster: string): string {
  const flags = [
    `--name=${name}`,
    `--data-dir=${DATA}`,
    "--logger=zap",
    `--listen-client-urls=https://${ip}:2379,https://127.0.0.1:2379`,
    `--advertise-client-urls=https://${ip}:2379`,
    `--listen-peer-urls=https://${ip}:2380`,
    `--initial-advertise-peer-urls=https://${ip}:2380`,
    `--initial-cluster=${cluster}`,
    "--client-cert-auth",
    `--trusted-ca-file=${PKI}/ca.crt`,
    `--cert-file=${PKI}/server.crt`,
    `--key-file=${PKI}/server.key`,
    "--peer-client-cert-auth",
    `--peer-trusted-ca-file=${PKI}/ca.crt`,
    `--peer-cert-file=${PKI}/peer.crt`,
    `--peer-key-file=${PKI}/peer.key`,
  ];
  return `[Service]
User=etcd
ExecStart=/usr/bin/etcd ${flags.join(" ")}
StateDirectory=etcd
StateDirectoryMode=0700
`;
}

export async function bootSite(tools: MachineTools, network: Network, dir: string): Promise<Site> {
  const names = [...MASTERS, COLLECTOR];
  const all = await Promise.all(
    names.map((name) => bootMachine(tools, { dir, name, namespace: network.node(name).namespace })),
  );
  function machine(name: string): Machine {
    const found = all.find((one) => one.name === name);
    if (found === undefined) {
      throw new Error(`No machine ${name}`);
    }
    return found;
  }
  for (const { root } of all) {
    // A bootstrapped tree knows no names.
    const hosts = names.map((name) => `${network.node(name).ip} ${name}\n`);
    writeFileSync(join(root, "etc/hosts"), `127.0.0.1 localhost\n${hosts.join("")}`);
  }
  return {
    masters: MASTERS.map(machine),
    collector: machine(COLLECTOR),
    all,
    machine,
    ip: (name) => network.node(name).ip,
    etcdctl: (name, args) => [
      "env",
      "ETCDCTL_API=3",
      "etcdctl",
      `--endpoints=https://${network.node(name).ip}:2379`,
      `--cacert=${PKI}/ca.crt`,
      `--cert=${PKI}/healthcheck-client.crt`,
      `--key=${PKI}/healthcheck-client.key`,
      ...args,
    ],
    stop: async () => {
      await Promise.all(all.map(async (one) => await one.stop()));
    },
  };
}

/** Debian's etcd on each master, started by systemd. */
export async function startEtcd(site: Site, dir: string): Promise<void> {
  const etcd = await ensureEtcd("3.4");
  if (etcd.kind === "unavailable") {
    throw new Error(etcd.because);
  }
  const members = MASTERS.map((name): MemberIdentity => ({ name, ips: [site.ip(name), "127.0.0.1"] }));
  const pki = await createEtcdPki(join(dir, "etcd-pki"), members);
  const cluster = MASTERS.map((name) => `${name}=https://${site.ip(name)}:2380`).join(",");
  for (const master of site.masters) {
    const { name, root } = master;
    for (const [from, to] of [
      [etcd.etcd, "etcd"],
      [etcd.etcdctl, "etcdctl"],
    ] as const) {
      copyFileSync(from, join(root, "usr/bin", to));
      chmodSync(join(root, "usr/bin", to), 0o755);
    }
    mkdirSync(join(root, PKI), { recursive: true });
    for (const file of readdirSync(pki.certDir(name))) {
      copyFileSync(join(pki.certDir(name), file), join(root, PKI, file));
    }
    writeFileSync(join(root, "etc/systemd/system/etcd.service"), unitOf(name, site.ip(name), cluster));
    await master.must(["useradd", "--system", "--no-create-home", "etcd"]);
    await master.must(["sh", "-c", `chown -R etcd: ${PKI} && chmod 0600 ${PKI}/*.key`]);
    await master.must(["systemctl", "daemon-reload"]);
    await master.must(["systemctl", "start", "--no-block", "etcd"]);
  }
  await waitFor(
    "etcd is up",
    async () => (await site.machine("m1").run(site.etcdctl("m1", ["endpoint", "health", "--cluster"]))).ok,
    { timeoutMs: 60_000, intervalMs: 500 },
  );
}

export function copyPackages(site: Site, packages: string): void {
  for (const { root } of site.all) {
    cpSync(packages, join(root, "root/packages"), { recursive: true });
  }
}

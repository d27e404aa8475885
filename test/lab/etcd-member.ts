/** One real etcd member as a child process: its flags as kubeadm writes them, and everything that can be done to it. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { EtcdBinaries } from "./etcd-binaries.ts";
import type { EtcdPki, MemberIdentity } from "./etcd-pki.ts";
import { startLabProcess, type LabProcess } from "./lab-process.ts";

export interface MemberPlace {
  readonly name: string;
  /** The address that peers and clients use. */
  readonly ip: string;
  readonly clientPort: number;
  readonly peerPort: number;
  readonly metricsPort: number;
  readonly dataDir: string;
  readonly logPath: string;
  readonly namespace: string | undefined;
}

export type Flags = Readonly<Record<string, string>>;

export interface EtcdMember {
  readonly name: string;
  readonly ip: string;
  readonly namespace: string | undefined;
  readonly clientUrl: string;
  readonly peerUrl: string;
  readonly metricsUrl: string;
  readonly dataDir: string;
  readonly certDir: string;
  readonly logPath: string;
  readonly identity: MemberIdentity;
  /** In force now, without the leading dashes. */
  readonly flags: Flags;
  /** 0 when it is not running. */
  readonly pid: number;
  isRunning(): boolean;
  /** `before`: words before the command, as `setpriv` and its options. */
  start(before?: readonly string[]): Promise<void>;
  /** Sends a signal (SIGKILL unless said) and waits until the process is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** SIGSTOP: the process hangs but keeps its sockets. */
  stop(): void;
  /** SIGCONT */
  cont(): void;
  /** Ends it and starts it again; the given flags are added to the ones in force, an empty value removes one. */
  restart(changedFlags?: Flags): Promise<void>;
}

export interface MemberOptions {
  readonly binaries: EtcdBinaries;
  readonly pki: EtcdPki;
  readonly initialCluster: string;
  readonly token: string;
  readonly extraFlags: Flags;
}

export function peerUrlOf(place: MemberPlace): string {
  return `https://${place.ip}:${place.peerPort}`;
}

function buildFlags(place: MemberPlace, options: MemberOptions): Flags {
  const certDir = options.pki.certDir(place.name);
  const clientUrl = `https://${place.ip}:${place.clientPort}`;
  const loopback = place.ip === "127.0.0.1" ? "" : `,https://127.0.0.1:${place.clientPort}`;
  return {
    name: place.name,
    "data-dir": place.dataDir,
    "advertise-client-urls": clientUrl,
    "listen-client-urls": `${clientUrl}${loopback}`,
    "initial-advertise-peer-urls": peerUrlOf(place),
    "listen-peer-urls": peerUrlOf(place),
    "listen-metrics-urls": `http://127.0.0.1:${place.metricsPort}`,
    "initial-cluster": options.initialCluster,
    "initial-cluster-state": "new",
    "initial-cluster-token": options.token,
    "client-cert-auth": "true",
    "cert-file": join(certDir, "server.crt"),
    "key-file": join(certDir, "server.key"),
    "trusted-ca-file": join(certDir, "ca.crt"),
    "peer-client-cert-auth": "true",
    "peer-cert-file": join(certDir, "peer.crt"),
    "peer-key-file": join(certDir, "peer.key"),
    "peer-trusted-ca-file": join(certDir, "ca.crt"),
    "experimental-initial-corrupt-check": "true",
    ...(options.binaries.version === "3.4" ? {} : { "experimental-watch-progress-notify-interval": "5s" }),
    "snapshot-count": "10000",
    logger: "zap",
    ...options.extraFlags,
  };
}

function withoutEmpty(flags: Flags): Flags {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== ""));
}

export function createEtcdMember(place: MemberPlace, options: MemberOptions): EtcdMember {
  let flags = withoutEmpty(buildFlags(place, options));
  let child: LabProcess | undefined;
  mkdirSync(place.dataDir, { recursive: true, mode: 0o700 });

  const member: EtcdMember = {
    name: place.name,
    ip: place.ip,
    namespace: place.namespace,
    clientUrl: `https://${place.ip}:${place.clientPort}`,
    peerUrl: peerUrlOf(place),
    metricsUrl: `http://127.0.0.1:${place.metricsPort}`,
    dataDir: place.dataDir,
    certDir: options.pki.certDir(place.name),
    logPath: place.logPath,
    identity: {
      name: place.name,
      ips: [...new Set([place.ip, "127.0.0.1"])],
      dnsNames: ["localhost", place.name],
    },
    get flags() {
      return flags;
    },
    get pid() {
      return child?.isRunning() ? child.pid : 0;
    },
    isRunning: () => child?.isRunning() ?? false,
    start: async (before = []) => {
      if (child?.isRunning()) {
        return;
      }
      const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
      child = await startLabProcess({
        command: [...before, options.binaries.etcd, ...args],
        logPath: place.logPath,
        namespace: place.namespace,
      });
    },
    kill: async (signal = "SIGKILL") => await child?.stop(signal),
    stop: () => child?.kill("SIGSTOP"),
    cont: () => child?.kill("SIGCONT"),
    restart: async (changedFlags = {}) => {
      await member.kill("SIGTERM");
      flags = withoutEmpty({ ...flags, ...changedFlags });
      await member.start();
    },
  };
  return member;
}

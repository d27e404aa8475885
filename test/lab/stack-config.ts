/** Writes the configurations and certificates of a lab's collector and agents, as an operator would. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { EtcdMember } from "./etcd-member.ts";
import { mustRunEtcdscope } from "./etcdscope-command.ts";

/**
 * For a cluster on which one story after the other moves the leader, on a machine that runs several: that it changes often is then no
 * finding, nor that its processes wait for a CPU.
 */
export const MANY_STORIES = {
  thresholds: { leaderFlapChanges: 100, leaderChangesPerHour: 1000, cpuWaitRatio: 1000 },
};

/** Top-level keys of the configuration that differ from the lab's. */
export type ConfigOverrides = Readonly<Record<string, unknown>>;

export interface CollectorPlace {
  readonly ip: string;
  readonly grpcPort: number;
  readonly httpPort: number;
}

export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export function agentTls(pkiDir: string, cluster: string, node: string): TlsFiles {
  const name = `agent-${cluster}-${node}`;
  return { ca: join(pkiDir, "ca.crt"), cert: join(pkiDir, `${name}.crt`), key: join(pkiDir, `${name}.key`) };
}

export async function issueStackCertificates(
  pkiDir: string,
  cluster: string,
  names: { readonly nodes: readonly string[]; readonly hosts: readonly string[] },
): Promise<void> {
  mkdirSync(pkiDir, { recursive: true });
  await mustRunEtcdscope(["pki", "init", "--dir", pkiDir]);
  const hosts = names.hosts.flatMap((host) => ["--host", host]);
  await mustRunEtcdscope(["pki", "issue-collector", "--dir", pkiDir, ...hosts]);
  for (const node of names.nodes) {
    await mustRunEtcdscope(["pki", "issue-agent", "--cluster", cluster, "--node", node, "--dir", pkiDir]);
  }
}

export interface CollectorConfigRequest {
  readonly dir: string;
  readonly pkiDir: string;
  readonly place: CollectorPlace;
  readonly cluster: string;
  readonly voters: number;
  readonly overrides: ConfigOverrides;
}

export function writeCollectorConfig(request: CollectorConfigRequest): string {
  const { dir, pkiDir, place } = request;
  mkdirSync(dir, { recursive: true });
  const config = {
    grpc: {
      listen: `${place.ip}:${place.grpcPort}`,
      tls: {
        ca: join(pkiDir, "ca.crt"),
        cert: join(pkiDir, "collector.crt"),
        key: join(pkiDir, "collector.key"),
      },
    },
    http: { listen: `127.0.0.1:${place.httpPort}` },
    history: { path: join(dir, "history.db") },
    clusters: { [request.cluster]: { voters: request.voters } },
    ...request.overrides,
  };
  const path = join(dir, "collector.yaml");
  writeFileSync(path, stringify(config));
  return path;
}

export interface AgentConfigRequest {
  readonly dir: string;
  readonly pkiDir: string;
  readonly place: CollectorPlace;
  readonly cluster: string;
  readonly member: Pick<EtcdMember, "name" | "dataDir">;
  readonly overrides: ConfigOverrides;
}

/** One agent per member, which finds its etcd among the machine's by its name and data directory. */
export function writeAgentConfig(request: AgentConfigRequest): string {
  const { dir, place, cluster, member } = request;
  mkdirSync(dir, { recursive: true });
  const config = {
    cluster,
    node: member.name,
    collectors: [`${place.ip}:${place.grpcPort}`],
    tls: agentTls(request.pkiDir, cluster, member.name),
    etcd: { dataDir: member.dataDir },
    spool: { dir: join(dir, "spool") },
    ...request.overrides,
  };
  const path = join(dir, "agent.yaml");
  writeFileSync(path, stringify(config));
  return path;
}

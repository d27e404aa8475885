/** Calls to lab members by etcd's own client, from inside the namespace where they can be reached. */

import type { EtcdBinaries } from "./etcd-binaries.ts";
import type { EtcdPki } from "./etcd-pki.ts";
import { wrapCommand } from "./lab-process.ts";
import { runCommand, type Finished } from "./run-command.ts";

export interface MemberStatus {
  /** Unsigned 64-bit, as lower-case hex. */
  readonly memberId: string;
  /** "0" when the member knows no leader. */
  readonly leaderId: string;
  readonly term: number;
  readonly version: string;
}

export interface EtcdctlOptions {
  readonly binaries: EtcdBinaries;
  readonly pki: EtcdPki;
  /** Namespace the calls start in; the machine's own when undefined. */
  readonly namespace: string | undefined;
}

export interface Etcdctl {
  /** Input goes to standard input: the value of a put that has none among its arguments. */
  run(endpoints: readonly string[], args: readonly string[], input?: string): Promise<Finished>;
  /** Undefined when the member does not answer within a second or two. */
  status(endpoint: string): Promise<MemberStatus | undefined>;
  /** Whether a linearizable read through this member is answered. */
  isHealthy(endpoint: string): Promise<boolean>;
}

interface StatusJson {
  readonly Status: {
    readonly header: { readonly member_id: string };
    readonly leader?: string | number;
    readonly raftTerm: number;
    readonly version: string;
  };
}

function toHex(id: string | number | undefined): string {
  return BigInt(id ?? 0).toString(16);
}

/** 64-bit IDs come as JSON numbers, which JavaScript would round: they are quoted first. */
export function parseStatus(json: string): MemberStatus | undefined {
  const quoted = json.replace(/("(?:member_id|cluster_id|leader)":)(\d+)/g, '$1"$2"');
  const [first] = JSON.parse(quoted) as readonly StatusJson[];
  if (!first) {
    return undefined;
  }
  const { header, leader, raftTerm, version } = first.Status;
  return { memberId: toHex(header.member_id), leaderId: toHex(leader), term: raftTerm, version };
}

export function createEtcdctl(options: EtcdctlOptions): Etcdctl {
  async function run(
    endpoints: readonly string[],
    args: readonly string[],
    input?: string,
  ): Promise<Finished> {
    const command = [
      options.binaries.etcdctl,
      `--endpoints=${endpoints.join(",")}`,
      `--cacert=${options.pki.caPath}`,
      `--cert=${options.pki.client.cert}`,
      `--key=${options.pki.client.key}`,
      "--dial-timeout=1s",
      "--command-timeout=2s",
      ...args,
    ];
    const env = { ...process.env, ETCDCTL_API: "3" };
    return await runCommand(wrapCommand(command, options.namespace), {
      env,
      timeoutMs: 10_000,
      ...(input === undefined ? {} : { input }),
    });
  }
  return {
    run,
    status: async (endpoint) => {
      const said = await run([endpoint], ["endpoint", "status", "--write-out=json"]);
      return said.ok ? parseStatus(said.stdout) : undefined;
    },
    isHealthy: async (endpoint) => (await run([endpoint], ["endpoint", "health"])).ok,
  };
}

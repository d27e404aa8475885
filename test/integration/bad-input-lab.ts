/**
 * One collector, one good agent beside a real etcd (cluster "lab", the witness), a second real etcd (cluster "solo"), and
 * agents that come with whatever is wrong: other certificates, other names, fewer rights.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { issueAgent } from "../../collector/enrol/certificate-authority.ts";
import { readAuthority } from "../../cli/pki/pki-folder.ts";
import type { Unavailable } from "../lab/availability.ts";
import { ensureEtcd } from "../lab/etcd-binaries.ts";
import { createEtcdCluster, type EtcdCluster } from "../lab/etcd-cluster.ts";
import type { EtcdMember } from "../lab/etcd-member.ts";
import { ETCDSCOPE, mustRunEtcdscope } from "../lab/etcdscope-command.ts";
import { startLabProcess, type LabProcess } from "../lab/lab-process.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { agentTls, writeAgentConfig, type ConfigOverrides, type TlsFiles } from "../lab/stack-config.ts";
import { createStack, type Stack } from "../lab/stack.ts";

const DAY_MS = 86_400_000;
const READY_WITHIN_MS = 60_000;
/** Root without the right to pass over permissions: what a service user may read, it may, and no more. */
const WITHOUT_OVERRIDE = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--"];

export interface StrangerOptions {
  readonly cluster: string;
  readonly node: string;
  readonly tls: TlsFiles;
  /** The etcd that it watches; the one of cluster "solo" by default. */
  readonly member?: EtcdMember;
  readonly overrides?: ConfigOverrides;
  /** May not read what its permissions forbid, although it is root. */
  readonly isBound?: boolean;
}

export interface Stranger {
  readonly logPath: string;
  readonly process: LabProcess;
}

export interface BadInputLab {
  readonly kind: "available";
  readonly dir: string;
  readonly stack: Stack;
  readonly solo: EtcdCluster;
  /** A certificate of the stack's own authority for this name. */
  issue(cluster: string, node: string): Promise<TlsFiles>;
  /** As issue, but it ended nine days ago. */
  issueExpired(cluster: string, node: string): Promise<TlsFiles>;
  /** As issue, by an authority that the collector does not know. `ca` is that authority's own certificate. */
  issueElsewhere(cluster: string, node: string): Promise<TlsFiles>;
  /** A further agent as a real process. */
  startStranger(options: StrangerOptions): Promise<Stranger>;
  /** One of etcdscope's services, as root without the right to pass over permissions. */
  startBound(command: readonly string[], logPath: string): Promise<LabProcess>;
  stopStrangers(): Promise<void>;
  stop(): Promise<void>;
}

export async function startBadInputLab(): Promise<BadInputLab | Unavailable> {
  const binaries = await ensureEtcd("3.4");
  if (binaries.kind === "unavailable") {
    return binaries;
  }
  const dir = await createRunFolder();
  const etcd = await createEtcdCluster({ binaries, dir: join(dir, "lab"), members: [{ name: "m1" }] });
  const solo = await createEtcdCluster({ binaries, dir: join(dir, "solo"), members: [{ name: "s1" }] });
  const stack = await createStack({
    dir: join(dir, "stack"),
    etcd,
    agentConfig: { intervals: { normal: "1s" } },
    collectorConfig: { clusters: { lab: { voters: 1 }, solo: { voters: 1 } } },
  });
  const started: LabProcess[] = [];
  let strangers = 0;

  async function start(command: readonly string[], logPath: string): Promise<LabProcess> {
    const child = await startLabProcess({ command, logPath });
    started.push(child);
    return child;
  }

  const lab: BadInputLab = {
    kind: "available",
    dir,
    stack,
    solo,
    issue: async (cluster, node) => {
      await issueInto(stack.pkiDir, cluster, node);
      return agentTls(stack.pkiDir, cluster, node);
    },
    issueExpired: async (cluster, node) => {
      const validity = { nowMs: Date.now() - 10 * DAY_MS, days: 1 };
      const issued = await issueAgent(await readAuthority(stack.pkiDir), { cluster, node }, validity);
      const files = agentTls(join(dir, "expired"), cluster, node);
      mkdirSync(join(dir, "expired"), { recursive: true });
      writeFileSync(files.cert, issued.certificate);
      writeFileSync(files.key, issued.key, { mode: 0o600 });
      return { ...files, ca: join(stack.pkiDir, "ca.crt") };
    },
    issueElsewhere: async (cluster, node) => {
      const elsewhere = join(dir, "elsewhere");
      await mustRunEtcdscope(["pki", "init", "--force", "--dir", elsewhere]);
      await issueInto(elsewhere, cluster, node);
      return agentTls(elsewhere, cluster, node);
    },
    startStranger: async (options) => {
      strangers += 1;
      const home = join(dir, `stranger-${strangers}`);
      const configPath = writeAgentConfig({
        dir: home,
        pkiDir: stack.pkiDir,
        place: stack.place,
        cluster: options.cluster,
        member: options.member ?? solo.member("s1"),
        overrides: {
          node: options.node,
          tls: options.tls,
          intervals: { normal: "1s" },
          ...options.overrides,
        },
      });
      const logPath = join(home, "agent.log");
      const command = [ETCDSCOPE, "agent", "--config", configPath];
      const process = await (options.isBound === true
        ? lab.startBound(command.slice(1), logPath)
        : start(command, logPath));
      return { logPath, process };
    },
    startBound: async (command, logPath) =>
      await start([...WITHOUT_OVERRIDE, ETCDSCOPE, ...command], logPath),
    stopStrangers: async () =>
      void (await Promise.all(started.splice(0).map(async (child) => await child.stop()))),
    stop: async () => {
      await lab.stopStrangers();
      await stack.stopAll();
      await Promise.all([etcd.stopAll(), solo.stopAll()]);
      await removeFolderWithMounts(dir);
    },
  };
  try {
    await Promise.all([etcd.start(), solo.start()]);
    await Promise.all([etcd.waitHealthy(), solo.waitHealthy()]);
    await stack.start();
    await stack.waitFor("the witness is watched", (state) => state.verdict === "healthy", {
      timeoutMs: READY_WITHIN_MS,
    });
  } catch (error) {
    const tails = stack.readLogTails(5);
    await lab.stop();
    throw new Error(`The lab did not become healthy: ${tails}`, { cause: error });
  }
  return lab;
}

async function issueInto(dir: string, cluster: string, node: string): Promise<void> {
  await mustRunEtcdscope([
    "pki",
    "issue-agent",
    "--force",
    "--dir",
    dir,
    "--cluster",
    cluster,
    "--node",
    node,
  ]);
}

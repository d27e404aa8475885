/** The product as it is deployed: one collector and one agent per etcd member, each a real process over real mTLS. */

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ClusterState, Finding } from "../../shared/rest.ts";
import type { EtcdCluster } from "./etcd-cluster.ts";
import type { EtcdMember } from "./etcd-member.ts";
import { ETCDSCOPE, mustRunEtcdscope } from "./etcdscope-command.ts";
import { findFreePorts } from "./free-ports.ts";
import { httpGet } from "./http-get.ts";
import { startLabProcess, wrapCommand, type LabProcess } from "./lab-process.ts";
import { createLabService, type LabService } from "./lab-service.ts";
import type { Network } from "./network.ts";
import { runCommand, type Finished } from "./run-command.ts";
import {
  issueStackCertificates,
  writeAgentConfig,
  writeCollectorConfig,
  type CollectorPlace,
  type ConfigOverrides,
} from "./stack-config.ts";
import { toShortSocketPath } from "./socket-path.ts";
import { waitFor } from "./wait-for.ts";

export interface StackOptions {
  readonly dir: string;
  /** Name of the cluster; default "lab". */
  readonly cluster?: string;
  readonly etcd: EtcdCluster;
  /** With a network, each agent runs in its member's namespace and the collector in its own. */
  readonly network?: Network;
  /** Top-level keys over the lab's configuration. */
  readonly agentConfig?: ConfigOverrides;
  /** Each agent looks for backups beside its member's data. */
  readonly backups?: true;
  readonly collectorConfig?: ConfigOverrides;
}

export interface Waited {
  readonly seconds: number;
  readonly state: ClusterState;
}

export interface Stack {
  readonly cluster: string;
  readonly pkiDir: string;
  readonly place: CollectorPlace;
  readonly collector: LabService;
  readonly agents: readonly LabService[];
  /** By node name, which is the member's. */
  agent(node: string): LabService;
  start(): Promise<void>;
  /** GET below /api/v1; throws on any status but 200. */
  api<T>(path: string): Promise<T>;
  /** GET of any path of the collector's HTTP port, whatever its status. */
  http(path: string): Promise<{ readonly status: number; readonly body: string }>;
  state(): Promise<ClusterState>;
  /** Looks at the cluster's state every 100 ms; a failure names the last state seen. */
  waitFor(
    description: string,
    predicate: (state: ClusterState) => boolean,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
  ): Promise<Waited>;
  /** A command of bin/etcdscope that asks this collector, from where it can be reached. */
  command(args: readonly string[]): Promise<Finished>;
  /** The last lines of every service's log, for the report of a failure. */
  readLogTails(lines: number): string;
  stopAll(): Promise<void>;
}

/** An active finding with this code, about this member, node or link end; any subject when no name is given. */
export function findActive(state: ClusterState, code: string, name?: string): Finding | undefined {
  return state.findings.find(
    ({ status, subject, ...finding }) =>
      finding.code === code &&
      status === "active" &&
      (name === undefined || subject.name === name || subject.peer === name),
  );
}

/** "CODE name" of every active finding that nothing explains, sorted: what an operator is told to look at. */
export function listRootCauses(state: ClusterState): readonly string[] {
  return state.findings
    .filter(({ status, rootCause }) => status === "active" && rootCause)
    .map(({ code, subject }) => `${code} ${subject.name}${subject.peer ? `→${subject.peer}` : ""}`)
    .sort();
}

/** One line about a state: what a failing test or a demo needs to see. */
export function describeState(state: ClusterState | undefined): string {
  if (!state) {
    return "none was answered";
  }
  const members = state.members.map(
    (member) => `${member.name}=${member.state}(agent ${member.agent.state})`,
  );
  const findings = state.findings
    .filter(({ status }) => status === "active")
    .map(
      ({ code, subject, rootCause }) =>
        `${code}@${subject.name}${subject.peer ? `→${subject.peer}` : ""}${rootCause ? "!" : ""}`,
    );
  return [
    `verdict ${state.verdict}`,
    `leader ${state.leader?.member ?? "none"}`,
    members.join(" "),
    `findings ${findings.join(" ") || "none"}`,
  ].join("; ");
}

/** Where the agent of a member looks for backups, when it was told to. */
export function backupDirOf({ dataDir }: EtcdMember): string {
  return join(dirname(dataDir), "backups");
}

async function placeCollector(network: Network | undefined): Promise<CollectorPlace> {
  if (network) {
    return { ip: network.node("collector").ip, grpcPort: 7443, httpPort: 8080 };
  }
  const [grpcPort = 0, httpPort = 0] = await findFreePorts(2);
  return { ip: "127.0.0.1", grpcPort, httpPort };
}

/** Writes certificates and configurations, and has both services check theirs; nothing runs until start(). */
export async function createStack(options: StackOptions): Promise<Stack> {
  const { dir, etcd, network, cluster = "lab" } = options;
  mkdirSync(dir, { recursive: true });
  const place = await placeCollector(network);
  const pkiDir = join(dir, "pki");
  const nodes = etcd.members.map(({ name }) => name);
  await issueStackCertificates(pkiDir, cluster, {
    nodes,
    hosts: [...new Set([place.ip, "127.0.0.1", "localhost"])],
  });

  const collectorNamespace = network?.node("collector").namespace;
  const collector = createLabService({
    name: "collector",
    command: "collector",
    configPath: writeCollectorConfig({
      dir: join(dir, "collector"),
      pkiDir,
      place,
      cluster,
      voters: nodes.length,
      overrides: options.collectorConfig ?? {},
    }),
    logPath: join(dir, "collector.log"),
    namespace: collectorNamespace,
  });
  const agents = etcd.members.map((member) =>
    createLabService({
      name: member.name,
      command: "agent",
      configPath: writeAgentConfig({
        dir: join(dir, `agent-${member.name}`),
        pkiDir,
        place,
        cluster,
        member,
        overrides: {
          ...(options.backups === true ? { backups: { dir: backupDirOf(member), maxAge: "26h" } } : {}),
          ...options.agentConfig,
        },
      }),
      logPath: join(dir, `agent-${member.name}.log`),
      namespace: member.namespace,
    }),
  );
  for (const service of [collector, ...agents]) {
    const command = service === collector ? "collector" : "agent";
    await mustRunEtcdscope([command, "--check", "--config", service.configPath]);
  }

  const socketPath = network ? toShortSocketPath(join(dir, "relay.sock")) : undefined;
  const target = { port: place.httpPort, socketPath };
  let relay: LabProcess | undefined;
  let last: ClusterState | undefined;

  async function api<T>(path: string): Promise<T> {
    const answer = await httpGet(target, `/api/v1${path}`);
    if (answer.status !== 200) {
      throw new Error(`GET /api/v1${path} answered ${answer.status}: ${answer.body.slice(0, 500)}`);
    }
    return JSON.parse(answer.body) as T;
  }

  const stack: Stack = {
    cluster,
    pkiDir,
    place,
    collector,
    agents,
    agent: (node) => {
      const found = agents.find(({ name }) => name === node);
      if (!found) {
        throw new Error(`No agent ${node} in the lab`);
      }
      return found;
    },
    start: async () => {
      if (socketPath !== undefined) {
        const script = join(import.meta.dirname, "socket-relay.ts");
        relay = await startLabProcess({
          command: [process.execPath, script, socketPath, String(place.httpPort)],
          logPath: join(dir, "relay.log"),
          namespace: collectorNamespace,
        });
      }
      await collector.start();
      await Promise.all(agents.map((agent) => agent.start()));
    },
    api,
    http: async (path) => await httpGet(target, path),
    state: async () => {
      last = await api<ClusterState>(`/clusters/${cluster}`);
      return last;
    },
    waitFor: async (description, predicate, { timeoutMs, signal }) => {
      let state: ClusterState | undefined;
      const seconds = await waitFor(
        description,
        async () => {
          const now = await stack.state();
          state = now;
          return predicate(now);
        },
        { timeoutMs, signal, describeLast: () => describeState(last) },
      );
      if (!state) {
        throw new Error(`No state although ${description}`);
      }
      return { seconds, state };
    },
    command: async (args) =>
      await runCommand(
        wrapCommand(
          [ETCDSCOPE, ...args, "--collector", `http://127.0.0.1:${place.httpPort}`],
          collectorNamespace,
        ),
      ),
    readLogTails: (lines) =>
      [collector, ...agents]
        .map(({ name, logPath }) => {
          const text = existsSync(logPath) ? readFileSync(logPath, "utf8").trimEnd() : "";
          return `${name}:\n${text.split("\n").slice(-lines).join("\n")}`;
        })
        .join("\n"),
    stopAll: async () => {
      await Promise.all([...agents, collector].map((service) => service.kill("SIGTERM")));
      await relay?.stop("SIGKILL");
    },
  };
  return stack;
}

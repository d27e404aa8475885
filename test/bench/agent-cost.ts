/** What the agent costs the node and etcd, beside node_exporter and vmagent (or Prometheus in agent mode) doing a part of its job. */
import { createServer } from "node:http";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureDebianTool } from "../lab/debian-tool.ts";
import { ensureEtcd } from "../lab/etcd-binaries.ts";
import { createEtcdCluster, type EtcdCluster } from "../lab/etcd-cluster.ts";
import { findFreePorts } from "../lab/free-ports.ts";
import { startLabProcess, type LabProcess } from "../lab/lab-process.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { createStack } from "../lab/stack.ts";
import { waitFor } from "../lab/wait-for.ts";
import { result, type Benchmark, type BenchmarkResult } from "./benchmark.ts";
import { startLightLoad } from "./light-load.ts";
import { measureExtra, type ExtraUsage } from "./extra-usage.ts";
import { measureUsage, type Usage } from "./process-usage.ts";

const WATCH_SECONDS = 180;
const WARM_UP_SECONDS = 20;
/** The agent's steady state begins when it, and V8 after it, has given back what the start took, */
const SETTLING_SECONDS = 100;
/** and is as long as from one collection of garbage that the agent asks for to the next. */
const STEADY_SECONDS = 400;
/** The watched cluster's own use wanders by more than what is to be measured, so it is compared in short turns. */
const TURNS = { rounds: 10, blockSeconds: 15, settleSeconds: 4 };

async function run(log: (line: string) => void): Promise<readonly BenchmarkResult[]> {
  const binaries = await ensureEtcd("3.5");
  if (binaries.kind === "unavailable") {
    throw new Error(`This benchmark cannot run here: ${binaries.because}`);
  }
  const dir = await createRunFolder();
  const etcd = await createEtcdCluster({
    binaries,
    dir: join(dir, "etcd"),
    members: ["m1", "m2", "m3"].map((name) => ({ name })),
  });
  await etcd.start();
  await etcd.waitHealthy();
  const load = startLightLoad(
    etcd.members.map((member) => ({
      url: member.clientUrl,
      ca: join(member.certDir, "ca.crt"),
      cert: join(member.certDir, "peer.crt"),
      key: join(member.certDir, "peer.key"),
    })),
  );
  try {
    log("with three agents and a collector");
    const agents = await measureAgents(etcd, join(dir, "stack"));
    log("with node_exporter and a scraping agent per member");
    const peers = await measurePeers(etcd, join(dir, "peers"));
    return report(agents, peers);
  } finally {
    const counts = load.stop();
    log(`light load: ${counts.done} requests answered, ${counts.failed} failed`);
    await etcd.stopAll();
    await removeFolderWithMounts(dir);
  }
}

interface Watched {
  readonly usage: ReadonlyMap<string, Usage>;
  readonly extra: ExtraUsage;
}

interface WatchedByAgents extends Watched {
  readonly steady: ReadonlyMap<string, Usage>;
}

interface WatchedByPeers extends Watched {
  readonly scraper: string;
}

function report(agents: WatchedByAgents, peers: WatchedByPeers): readonly BenchmarkResult[] {
  const { scraper } = peers;
  const startCpu = mean(agents.usage, "agent ", (usage) => usage.cpuPercent);
  const agentCpu = mean(agents.steady, "agent ", (usage) => usage.cpuPercent);
  const agentRss = mean(agents.steady, "agent ", (usage) => usage.rssMedianMiB);
  const agentRssMax = Math.max(
    ...[...pick(agents.usage, "agent "), ...pick(agents.steady, "agent ")].map((usage) => usage.rssMaxMiB),
  );
  const exporterCpu = mean(peers.usage, "node_exporter ", (usage) => usage.cpuPercent);
  const scraperCpu = mean(peers.usage, `${scraper} `, (usage) => usage.cpuPercent);
  const exporterRss = mean(peers.usage, "node_exporter ", (usage) => usage.rssMedianMiB);
  const scraperRss = mean(peers.usage, `${scraper} `, (usage) => usage.rssMedianMiB);
  const percent = (value: number): { value: number; unit: string } => ({ value, unit: "% of one core" });
  const mib = (value: number): { value: number; unit: string } => ({ value, unit: "MiB" });
  return [
    result("agent, CPU, steady state, mean of three", percent(agentCpu), { atMost: 0.67 }),
    result(
      `agent, CPU, from ${WARM_UP_SECONDS} to ${WARM_UP_SECONDS + WATCH_SECONDS} s after its start`,
      percent(startCpu),
    ),
    result("agent, RSS, mean of three medians", mib(agentRss), { atMost: 80 }),
    result("agent, RSS, largest seen", mib(agentRssMax), { atMost: 80 }),
    result("node_exporter, CPU", percent(exporterCpu)),
    result(`${scraper}, CPU`, percent(scraperCpu)),
    result(`node_exporter + ${scraper}, CPU`, percent(exporterCpu + scraperCpu)),
    result(`node_exporter + ${scraper}, RSS`, mib(exporterRss + scraperRss)),
    result("agent / peers, CPU", { value: agentCpu / (exporterCpu + scraperCpu), unit: "ratio" }),
    result("agent / peers, RSS", { value: agentRss / (exporterRss + scraperRss), unit: "ratio" }),
    result("etcd, CPU a member, beside the agents", percent(agents.extra.withPercent)),
    result("etcd, CPU a member, agents paused", percent(agents.extra.withoutPercent)),
    result("etcd's extra CPU beside the agents", percent(agents.extra.extraPercent), { atMost: 0.15 }),
    result("etcd's extra CPU beside the agents, least of the turns", percent(agents.extra.leastPercent)),
    result("etcd's extra CPU beside the agents, most of the turns", percent(agents.extra.mostPercent)),
    result("etcd, CPU a member, beside the peers", percent(peers.extra.withPercent)),
    result("etcd, CPU a member, peers paused", percent(peers.extra.withoutPercent)),
    result("etcd's extra CPU beside the peers", percent(peers.extra.extraPercent)),
  ];
}

function pick(usage: ReadonlyMap<string, Usage>, prefix: string): readonly Usage[] {
  return [...usage].filter(([name]) => name.startsWith(prefix)).map(([, one]) => one);
}

function mean(usage: ReadonlyMap<string, Usage>, prefix: string, of: (one: Usage) => number): number {
  const picked = pick(usage, prefix);
  return picked.reduce((sum, one) => sum + of(one), 0) / picked.length;
}

async function measureAgents(etcd: EtcdCluster, dir: string): Promise<WatchedByAgents> {
  const stack = await createStack({ dir, etcd });
  try {
    await stack.start();
    await stack.waitFor("the verdict is healthy", (state) => state.verdict === "healthy", {
      timeoutMs: 60_000,
    });
    // The second start is the one to measure: the first one fills the compile cache.
    for (const agent of stack.agents) {
      await agent.restart();
    }
    await stack.waitFor(
      "the agents are back",
      (state) =>
        state.verdict === "healthy" && state.members.every((member) => member.agent.state === "online"),
      {
        timeoutMs: 60_000,
      },
    );
    const pids = new Map([
      ...etcd.members.map((member) => [member.name, member.pid] as const),
      ...stack.agents.map((agent) => [`agent ${agent.name}`, agent.pid] as const),
    ]);
    await measureUsage(pids, WARM_UP_SECONDS);
    const usage = await measureUsage(pids, WATCH_SECONDS);
    await measureUsage(pids, SETTLING_SECONDS);
    const steady = await measureUsage(pids, STEADY_SECONDS);
    const watchers = stack.agents.map((agent) => agent.pid);
    return { usage, steady, extra: await measureExtra(pidsOf(etcd), watchers, TURNS) };
  } finally {
    await stack.stopAll();
  }
}

function pidsOf(etcd: EtcdCluster): readonly number[] {
  return etcd.members.map((member) => member.pid);
}

/** vmagent where Debian's package carries it, else Prometheus in agent mode; pushing to a sink that answers 204. */
async function measurePeers(etcd: EtcdCluster, dir: string): Promise<WatchedByPeers> {
  const exporter = await ensureDebianTool({
    suite: "trixie",
    packages: ["prometheus-node-exporter"],
    files: ["usr/bin/prometheus-node-exporter"],
    folder: "node-exporter",
  });
  const vmagent = await ensureDebianTool({
    suite: "trixie",
    packages: ["victoria-metrics"],
    files: ["usr/bin/vmagent"],
    folder: "victoria-metrics",
  });
  const scraper =
    vmagent.kind === "available"
      ? vmagent
      : await ensureDebianTool({
          suite: "trixie",
          packages: ["prometheus"],
          files: ["usr/bin/prometheus"],
          folder: "prometheus",
        });
  if (exporter.kind === "unavailable" || scraper.kind === "unavailable") {
    throw new Error(
      `The peers cannot be had here: ${[exporter, scraper].map((tool) => (tool.kind === "unavailable" ? tool.because : "")).join(" ")}`,
    );
  }
  const name = vmagent.kind === "available" ? "vmagent" : "prometheus --agent";
  const sink = createServer((request, answer) => {
    request.resume();
    request.on("end", () => answer.writeHead(204).end());
  });
  await new Promise<void>((resolve) => sink.listen(0, "127.0.0.1", resolve));
  const address = sink.address();
  const sinkUrl = `http://127.0.0.1:${typeof address === "object" ? (address?.port ?? 0) : 0}/api/v1/write`;
  const processes: LabProcess[] = [];
  mkdirSync(dir, { recursive: true });
  try {
    const pids = new Map(etcd.members.map((member) => [member.name, member.pid]));
    for (const member of etcd.members) {
      const [exporterPort = 0, scraperPort = 0] = await findFreePorts(2);
      const exporterProcess = await startLabProcess({
        command: [exporter.paths[0] ?? "", `--web.listen-address=127.0.0.1:${exporterPort}`],
        logPath: join(dir, `${member.name}-exporter.log`),
      });
      const config = join(dir, `${member.name}.yml`);
      writeFileSync(
        config,
        scrapeConfig(
          [`127.0.0.1:${exporterPort}`, new URL(member.metricsUrl).host],
          vmagent.kind === "available" ? undefined : sinkUrl,
        ),
      );
      const data = join(dir, `${member.name}-data`);
      const scraperProcess = await startLabProcess({
        command:
          vmagent.kind === "available"
            ? [
                scraper.paths[0] ?? "",
                `-promscrape.config=${config}`,
                `-remoteWrite.url=${sinkUrl}`,
                `-httpListenAddr=127.0.0.1:${scraperPort}`,
                `-remoteWrite.tmpDataPath=${data}`,
              ]
            : [
                scraper.paths[0] ?? "",
                "--enable-feature=agent",
                `--config.file=${config}`,
                `--web.listen-address=127.0.0.1:${scraperPort}`,
                `--storage.agent.path=${data}`,
              ],
        logPath: join(dir, `${member.name}-scraper.log`),
      });
      processes.push(exporterProcess, scraperProcess);
      await waitFor(
        "the exporter answers",
        async () => (await fetch(`http://127.0.0.1:${exporterPort}/metrics`)).ok,
        { timeoutMs: 30_000 },
      );
      pids.set(`node_exporter ${member.name}`, exporterProcess.pid);
      pids.set(`${name} ${member.name}`, scraperProcess.pid);
    }
    await measureUsage(pids, WARM_UP_SECONDS);
    const usage = await measureUsage(pids, WATCH_SECONDS);
    const watchers = processes.map((process) => process.pid);
    return { usage, extra: await measureExtra(pidsOf(etcd), watchers, TURNS), scraper: name };
  } finally {
    for (const process of processes) {
      await process.stop("SIGKILL");
    }
    sink.close();
  }
}

function scrapeConfig(targets: readonly string[], remoteWriteUrl: string | undefined): string {
  const scrape = `global: { scrape_interval: 10s }\nscrape_configs:\n  - job_name: node\n    static_configs: [ { targets: ${JSON.stringify(targets)} } ]\n`;
  return remoteWriteUrl === undefined ? scrape : `${scrape}remote_write: [ { url: "${remoteWriteUrl}" } ]\n`;
}

export const agentCost: Benchmark = {
  name: "agent-cost",
  method:
    `Three real etcd 3.5 members (Debian trixie) on loopback, TLS, light load through etcd's JSON gateway (3 puts, 5 linearizable ranges, one 20-key range a second, over the members in turn). ` +
    `First with one agent per member and a collector, then with node_exporter and vmagent (or Prometheus in agent mode) per member, scraping both every 10 s and pushing to a sink: ` +
    `${WARM_UP_SECONDS} s of warm-up, ${WATCH_SECONDS} s for CPU (utime+stime of /proc/PID/stat, as a share of one core) and RSS (VmRSS every second), of the agents another ${STEADY_SECONDS} s after ${SETTLING_SECONDS} s more for their steady state (with one of the collections of garbage that they ask for every ${STEADY_SECONDS} s, and what V8 makes of it), then ${TURNS.rounds} turns of ` +
    `${TURNS.blockSeconds} s with and ${TURNS.blockSeconds} s without them (stopped by SIGSTOP, ${TURNS.settleSeconds} s to settle after SIGCONT), which gives etcd's own extra CPU (run time of all its threads, mean of the three members, mean of the turns' differences).`,
  run,
};

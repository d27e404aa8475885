/**
 * Debian's Prometheus beside the product, in the collector's place: it scrapes the same members every 15 s and evaluates
 * etcd's own published alert rules with their published thresholds and `for` times.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { systemClock } from "../../shared/clock.ts";
import type { WatchedCluster } from "../integration/watched-cluster.ts";
import type { Unavailable } from "./availability.ts";
import { ensureDebianTool } from "./debian-tool.ts";
import { startLabProcess } from "./lab-process.ts";
import { waitFor } from "./wait-for.ts";

export interface Prometheus {
  readonly kind: "available";
  /** Names of the alerts that fire now. */
  firing(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

const PORT = 9090;
const JOB = 'job="etcd"';

interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
}

function p99(histogram: string): string {
  return `histogram_quantile(0.99, rate(${histogram}_bucket{${JOB}}[5m]))`;
}

/** As etcd publishes them (contrib/mixin), those that a lab of a few minutes can make fire or come near to. */
const RULES: readonly AlertRule[] = [
  {
    alert: "etcdMembersDown",
    expr: `max without (endpoint) (sum without (instance) (up{${JOB}} == bool 0) or count without (To) (sum without (instance) (rate(etcd_network_peer_sent_failures_total{${JOB}}[120s])) > 0.01)) > 0`,
    for: "20m",
  },
  {
    alert: "etcdInsufficientMembers",
    expr: `sum(up{${JOB}} == bool 1) without (instance) < ((count(up{${JOB}}) without (instance) + 1) / 2)`,
    for: "3m",
  },
  { alert: "etcdNoLeader", expr: `etcd_server_has_leader{${JOB}} == 0`, for: "1m" },
  {
    alert: "etcdHighNumberOfLeaderChanges",
    expr: `increase((max without (instance) (etcd_server_leader_changes_seen_total{${JOB}}) or 0*absent(etcd_server_leader_changes_seen_total{${JOB}}))[15m:1m]) >= 4`,
    for: "5m",
  },
  {
    alert: "etcdMemberCommunicationSlow",
    expr: `${p99("etcd_network_peer_round_trip_time_seconds")} > 0.15`,
    for: "10m",
  },
  {
    alert: "etcdHighFsyncDurations",
    expr: `${p99("etcd_disk_wal_fsync_duration_seconds")} > 0.5`,
    for: "10m",
  },
  {
    alert: "etcdHighCommitDurations",
    expr: `${p99("etcd_disk_backend_commit_duration_seconds")} > 0.25`,
    for: "10m",
  },
  {
    alert: "etcdDatabaseQuotaLowSpace",
    expr: `(last_over_time(etcd_mvcc_db_total_size_in_bytes{${JOB}}[5m]) / last_over_time(etcd_server_quota_backend_bytes{${JOB}}[5m])) * 100 > 95`,
    for: "10m",
  },
];

function writeConfig(on: WatchedCluster, dir: string): string {
  const { etcd } = on;
  writeFileSync(join(dir, "rules.yml"), stringify({ groups: [{ name: "etcd", rules: RULES }] }));
  const config = {
    global: { scrape_interval: "15s", evaluation_interval: "15s" },
    rule_files: ["rules.yml"],
    scrape_configs: [
      {
        job_name: "etcd",
        scheme: "https",
        tls_config: {
          ca_file: etcd.pki.caPath,
          cert_file: etcd.pki.client.cert,
          key_file: etcd.pki.client.key,
        },
        static_configs: [{ targets: etcd.members.map(({ clientUrl }) => new URL(clientUrl).host) }],
      },
    ],
  };
  const path = join(dir, "prometheus.yml");
  writeFileSync(path, stringify(config));
  return path;
}

export async function startPrometheus(on: WatchedCluster): Promise<Prometheus | Unavailable> {
  const tool = await ensureDebianTool({
    suite: "bookworm",
    packages: ["prometheus"],
    files: ["usr/bin/prometheus"],
    folder: "prometheus",
  });
  if (tool.kind === "unavailable") {
    return tool;
  }
  const dir = join(on.dir, "prometheus");
  mkdirSync(dir, { recursive: true });
  const child = await startLabProcess({
    command: [
      tool.paths[0] ?? "prometheus",
      `--config.file=${writeConfig(on, dir)}`,
      `--storage.tsdb.path=${join(dir, "data")}`,
      `--web.listen-address=127.0.0.1:${PORT}`,
    ],
    logPath: join(dir, "prometheus.log"),
    namespace: on.network.node("collector").namespace,
  });
  async function ask(path: string): Promise<string> {
    const url = `http://127.0.0.1:${PORT}${path}`;
    const script = `fetch(${JSON.stringify(url)}).then(async (answer) => process.stdout.write(await answer.text()))`;
    return (await on.network.runIn("collector", [process.execPath, "-e", script])).stdout;
  }
  await waitFor(
    "Prometheus has scraped",
    async () => (await ask("/api/v1/query?query=up")).includes('"etcd"'),
    {
      timeoutMs: 60_000,
      intervalMs: 1000,
    },
  );
  return {
    kind: "available",
    firing: async () => {
      const answer = JSON.parse(await ask("/api/v1/alerts")) as {
        readonly data: {
          readonly alerts: readonly {
            readonly state: string;
            readonly labels: { readonly alertname: string };
          }[];
        };
      };
      const names = answer.data.alerts
        .filter(({ state }) => state === "firing")
        .map(({ labels }) => labels.alertname);
      return [...new Set(names)].sort();
    },
    stop: async () => await child.stop("SIGKILL"),
  };
}

/** Watches for so long; the seconds from now to each alert. */
export async function watchAlerts(
  prometheus: Prometheus,
  minutes: number,
): Promise<ReadonlyMap<string, number>> {
  const forMs = minutes * 60_000;
  const startMs = systemClock.monotonicUs() / 1000;
  const fired = new Map<string, number>();
  await waitFor(
    "the time is over",
    async () => {
      const nowMs = systemClock.monotonicUs() / 1000;
      for (const name of await prometheus.firing()) {
        fired.set(name, fired.get(name) ?? (nowMs - startMs) / 1000);
      }
      return nowMs - startMs >= forMs;
    },
    { timeoutMs: forMs + 60_000, intervalMs: 2000 },
  );
  return fired;
}

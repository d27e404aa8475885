/** The receivers that the outputs are tried on: Debian's own Alertmanager and Prometheus, each started on a free port. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unavailable, type Unavailable } from "./availability.ts";
import { CACHE_DIR, ensureDebianTool } from "./debian-tool.ts";
import { findFreePorts } from "./free-ports.ts";
import { startLabProcess } from "./lab-process.ts";
import { waitFor } from "./wait-for.ts";

export interface Receiver {
  readonly kind: "available";
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const STARTS_WITHIN_MS = 30_000;

const ALERTMANAGER_CONFIG = `route: { receiver: none, group_by: [cluster], group_wait: 1s }
receivers: [ { name: none } ]
`;

/** The next word is a folder that stands for /usr/share, for this process alone. */
const WITH_OWN_SHARE = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /usr/share && exec "$@"'];

/** Both listen on loopback only. */
export async function startAlertmanager(dir: string): Promise<Receiver | Unavailable> {
  const tool = await ensureDebianTool({
    suite: "bookworm",
    packages: ["prometheus-alertmanager"],
    files: ["usr/bin/prometheus-alertmanager"],
    folder: "alertmanager",
  });
  if (tool.kind === "unavailable") {
    return tool;
  }
  if (process.getuid?.() !== 0) {
    return unavailable(
      "Debian's Alertmanager reads its templates below /usr/share, which takes root to stand in for",
    );
  }
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "alertmanager.yml"), ALERTMANAGER_CONFIG);
  const [port = 0] = await findFreePorts(1);
  return await start({
    command: [
      ...WITH_OWN_SHARE,
      join(CACHE_DIR, "alertmanager/usr/share"),
      tool.paths[0] ?? "",
      `--config.file=${join(dir, "alertmanager.yml")}`,
      `--storage.path=${join(dir, "alertmanager")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--cluster.listen-address=",
    ],
    port,
    log: join(dir, "alertmanager.log"),
  });
}

/** Takes remote writes and scrapes nothing. */
export async function startPrometheus(dir: string): Promise<Receiver | Unavailable> {
  const tool = await ensureDebianTool({
    suite: "bookworm",
    packages: ["prometheus"],
    files: ["usr/bin/prometheus"],
    folder: "prometheus",
  });
  if (tool.kind === "unavailable") {
    return tool;
  }
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "prometheus.yml"), "{}\n");
  const [port = 0] = await findFreePorts(1);
  return await start({
    command: [
      tool.paths[0] ?? "",
      `--config.file=${join(dir, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(dir, "prometheus")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--storage.tsdb.retention.time=60d",
      "--web.enable-remote-write-receiver",
      "--web.enable-admin-api",
    ],
    port,
    log: join(dir, "prometheus.log"),
  });
}

/** Takes remote writes into `victoria-metrics` below the folder, as Prometheus does into `prometheus`. */
export async function startVictoriaMetrics(dir: string): Promise<Receiver | Unavailable> {
  const tool = await ensureDebianTool({
    suite: "trixie",
    packages: ["victoria-metrics"],
    files: ["usr/bin/victoria-metrics"],
    folder: "victoria-metrics",
  });
  if (tool.kind === "unavailable") {
    return tool;
  }
  mkdirSync(dir, { recursive: true });
  const [port = 0] = await findFreePorts(1);
  return await start({
    command: [
      tool.paths[0] ?? "",
      `-storageDataPath=${join(dir, "victoria-metrics")}`,
      `-httpListenAddr=127.0.0.1:${port}`,
      "-retentionPeriod=1y",
    ],
    port,
    log: join(dir, "victoria-metrics.log"),
    readyPath: "/health",
  });
}

interface StartRequest {
  readonly command: readonly string[];
  readonly port: number;
  readonly log: string;
  readonly readyPath?: string;
}

async function start({ command, port, log, readyPath = "/-/ready" }: StartRequest): Promise<Receiver> {
  const process = await startLabProcess({ command, logPath: log });
  const url = `http://127.0.0.1:${port}`;
  const receiver: Receiver = {
    kind: "available",
    url,
    pid: process.pid,
    stop: async () => await process.stop("SIGKILL"),
  };
  try {
    await waitFor(`${url} is ready`, async () => (await fetch(`${url}${readyPath}`)).ok, {
      timeoutMs: STARTS_WITHIN_MS,
    });
  } catch (error) {
    await receiver.stop();
    throw error;
  }
  return receiver;
}

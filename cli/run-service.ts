/** `etcdscope agent` and `etcdscope collector`: read the configuration, tell every problem, then check or run. */
import { flushCompileCache } from "node:module";
import { checkAgentConfig } from "../agent/config-file.ts";
import type { AgentConfig } from "../agent/config.ts";
import { checkCollectorConfig } from "../collector/config-file.ts";
import type { CollectorConfig } from "../collector/config.ts";
import { formatProblems, type ConfigResult } from "../shared/config/config-problem.ts";
import { formatAddress } from "../shared/config/parse-address.ts";
import { formatDurationMs } from "../shared/config/parse-duration.ts";
import { formatSizeBytes } from "../shared/config/parse-size.ts";
import { handOver } from "./hand-over.ts";
import { tellReading } from "./run-history.ts";
import type { Terminal } from "./terminal.ts";

export interface ServiceRequest {
  readonly config: string;
  readonly check: boolean;
  /** With `check`, of the collector: the history is only opened, as a start does it. */
  readonly quick?: boolean;
  /** Agent only: measure what each probe costs on this node, and end. */
  readonly cost?: boolean;
  readonly environment: NodeJS.ProcessEnv;
}

/** Does not return when it starts the agent. */
export async function startAgent(request: ServiceRequest, terminal: Terminal): Promise<number> {
  const config = accept(request, checkAgentConfig(request.config), terminal);
  if (config === undefined) {
    return 2;
  }
  if (request.check) {
    terminal.write(`OK  ${request.config}: ${summariseAgent(config)}\n`);
    return 0;
  }
  if (request.cost === true) {
    const { runCost } = await import("./run-cost.ts");
    return await runCost(config, terminal);
  }
  // Compiled once here and kept on disk (where Node is told to), so that the agent proper never loads the compiler of
  // TypeScript, neither at once nor for what it loads when it needs it: at the first start after an installation that is 25 MiB more.
  await Promise.all([import("../agent/main.ts"), import("../agent/host/read-firewall.ts")]);
  flushCompileCache();
  return handOver(config, request.environment);
}

export async function startCollector(request: ServiceRequest, terminal: Terminal): Promise<number> {
  const config = accept(request, checkCollectorConfig(request.config), terminal);
  if (config === undefined) {
    return 2;
  }
  if (request.check) {
    return await checkCollector(request, config, terminal);
  }
  const { runCollector } = await import("../collector/main.ts");
  // A service that was asked to stop has stopped: nothing that lingers may keep the process.
  process.exit(await runCollector(config));
}

/** A damaged history is no reason not to start: the collector puts it aside. So a quick check, before a start, only says it. */
async function checkCollector(
  request: ServiceRequest,
  config: CollectorConfig,
  terminal: Terminal,
): Promise<number> {
  const { checkHistory } = await import("../collector/history/check-history.ts");
  const { path } = config.history;
  const isWhole = request.quick !== true;
  const check = checkHistory(path, {
    isWhole,
    onReading: (bytes) => tellReading(terminal, path, bytes),
  });
  if (check.kind === "refused" || check.kind === "damaged") {
    const hint = check.kind === "damaged" ? "; the collector would put it aside and begin a new one" : "";
    terminal.writeError(`${request.config}: history: ${check.problem}${hint}\n`);
    if (check.kind === "refused") {
      return 2;
    }
    if (isWhole) {
      return 1;
    }
  }
  const known =
    check.kind === "fine"
      ? `; of the history ${isWhole ? `all ${formatSizeBytes(check.bytes)} read and sound` : "nothing read but that it opens"}`
      : "";
  terminal.write(`OK  ${request.config}: ${summariseCollector(config)}${known}\n`);
  return 0;
}

function accept<T>(request: ServiceRequest, result: ConfigResult<T>, terminal: Terminal): T | undefined {
  if (result.kind === "invalid") {
    terminal.writeError(`${formatProblems(request.config, result.problems)}\n`);
    return undefined;
  }
  return result.config;
}

function summariseAgent(config: AgentConfig): string {
  const { fastMs, normalMs, slowMs } = config.intervals;
  const pace = [fastMs, normalMs, slowMs].map(formatDurationMs).join("/");
  const etcd = config.etcd.endpoint ?? config.etcd.name ?? config.etcd.dataDir ?? "discovered";
  return `node ${config.node} of cluster ${config.cluster}, etcd ${etcd}, every ${pace}, to ${config.collectors.join(" and ")}`;
}

function summariseCollector(config: CollectorConfig): string {
  const { grpc, http, history } = config;
  const tokens = http.tokens.length === 0 ? "no tokens" : `${http.tokens.length} token(s)`;
  const keep = `${formatDurationMs(history.rawMs)} within ${formatSizeBytes(history.maxBytes)}`;
  return `agents at ${formatAddress(grpc)}, API at ${formatAddress(http)} (${tokens}), history ${history.path}, ${keep}`;
}

/**
 * The agent's configuration file. Apart from config.ts because YAML and schema packages cost 17 MiB of resident memory:
 * they are loaded to read the file, and are gone when the agent runs (cli/run-agent.ts).
 */
import { hostname } from "node:os";
import { z } from "zod";
import type { ConfigResult } from "../shared/config/config-problem.ts";
import { valueAt } from "../shared/config/describe-issue.ts";
import {
  duration,
  host,
  isName,
  MAX_CLUSTER_NAME_LENGTH,
  MAX_NODE_NAME_LENGTH,
  name,
  path,
  remoteAddress,
  size,
} from "../shared/config/field-types.ts";
import {
  loadConfig,
  requireConfig,
  type ConfigFormat,
  type PlacedMessage,
} from "../shared/config/load-config.ts";
import { parseDurationMs } from "../shared/config/parse-duration.ts";
import { findTlsProblems, tlsFiles } from "../shared/config/tls-files.ts";
import { LOG_LEVELS } from "../shared/log-line.ts";
import type { AgentConfig } from "./config.ts";

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;
const MIB = 2 ** 20;

/** Each collector gets everything, so each costs a stream; more than a few is a mistake. */
const MAX_COLLECTORS = 8;

function agentSchema(resolvePath: (path: string) => string) {
  const tls = tlsFiles(resolvePath);
  return z.object({
    cluster: name(MAX_CLUSTER_NAME_LENGTH),
    node: name(MAX_NODE_NAME_LENGTH).optional(),
    collectors: z.array(remoteAddress()).min(1).max(MAX_COLLECTORS),
    tls,
    etcd: z
      .object({
        name: z.string().min(1).optional(),
        endpoint: etcdEndpoint().optional(),
        tls: tls.optional(),
        dataDir: path(resolvePath).optional(),
        logs: etcdLogs().optional(),
      })
      .optional(),
    peers: z.record(z.string().min(1), host()).optional(),
    backups: z
      .object({ dir: path(resolvePath), maxAge: duration({ min: 60 * SECOND, max: 366 * DAY }).optional() })
      .optional(),
    intervals: z
      .object({
        fast: duration({ min: 250, max: 60 * SECOND }).optional(),
        normal: duration({ min: SECOND, max: HOUR }).optional(),
        slow: duration({ min: 5 * SECOND, max: DAY }).optional(),
      })
      .optional(),
    fsyncProbe: z
      .object({
        enabled: z.boolean().optional(),
        interval: duration({ min: SECOND, max: HOUR }).optional(),
      })
      .optional(),
    spool: z
      .object({
        dir: path(resolvePath).optional(),
        maxBytes: size({ min: MIB, max: 64 * 1024 * MIB }).optional(),
        maxAge: duration({ min: 60 * SECOND, max: 30 * DAY }).optional(),
      })
      .optional(),
    log: z.object({ level: z.enum(LOG_LEVELS).optional() }).optional(),
  });
}

type RawAgentConfig = z.infer<ReturnType<typeof agentSchema>>;

const agentFormat: ConfigFormat<RawAgentConfig, AgentConfig> = {
  schema: agentSchema,
  findProblems,
  complete,
};

/**
 * Every problem, or the complete, frozen configuration. `isFilesToo` false: the certificate files that it names are not looked at,
 * since whoever asks connects to no collector.
 */
export function checkAgentConfig(
  file: string,
  { isFilesToo }: { readonly isFilesToo: boolean } = { isFilesToo: true },
): ConfigResult<AgentConfig> {
  const format: ConfigFormat<RawAgentConfig, AgentConfig> = isFilesToo
    ? agentFormat
    : { ...agentFormat, findProblems: findOwnProblems };
  return loadConfig(file, format);
}

/** The configuration; an EtcdscopeError (CONFIG_INVALID) lists every problem. */
export function readAgentConfig(file: string): AgentConfig {
  return requireConfig(file, checkAgentConfig(file));
}

function complete(raw: RawAgentConfig): AgentConfig {
  return {
    cluster: raw.cluster,
    node: raw.node ?? hostname(),
    collectors: raw.collectors,
    tls: raw.tls,
    etcd: {
      name: raw.etcd?.name,
      dataDir: raw.etcd?.dataDir,
      endpoint: raw.etcd?.endpoint,
      tls: raw.etcd?.tls,
      logs: raw.etcd?.logs ?? "auto",
    },
    peers: raw.peers ?? {},
    backups: raw.backups && { dir: raw.backups.dir, maxAgeMs: raw.backups.maxAge ?? 26 * HOUR },
    intervals: {
      fastMs: raw.intervals?.fast ?? SECOND,
      normalMs: raw.intervals?.normal ?? 10 * SECOND,
      slowMs: raw.intervals?.slow ?? 60 * SECOND,
    },
    fsyncProbe: {
      enabled: raw.fsyncProbe?.enabled ?? true,
      intervalMs: raw.fsyncProbe?.interval ?? 5 * SECOND,
    },
    spool: {
      dir: raw.spool?.dir ?? "/var/lib/etcdscope-agent",
      maxBytes: raw.spool?.maxBytes ?? 256 * MIB,
      maxAgeMs: raw.spool?.maxAge ?? DAY,
    },
    log: { level: raw.log?.level ?? "info" },
  };
}

function findProblems(data: unknown, resolvePath: (path: string) => string): PlacedMessage[] {
  return [
    ...findTlsProblems(data, ["tls"], { resolvePath, depth: "usable" }),
    // etcd's own files may be what is broken: the agent must start all the same.
    ...findTlsProblems(data, ["etcd", "tls"], { resolvePath, depth: "readable" }),
    ...findOwnProblems(data),
  ];
}

/** Of the file itself, whatever else is on the machine. */
function findOwnProblems(data: unknown): PlacedMessage[] {
  const problems: PlacedMessage[] = [];
  if (valueAt(data, ["node"]) === undefined && !isName(hostname(), MAX_NODE_NAME_LENGTH)) {
    problems.push({
      path: ["node"],
      message: `is required here: the host name "${hostname()}" is no valid name`,
    });
  }
  const paceMs = { fast: SECOND, normal: 10 * SECOND, slow: 60 * SECOND };
  for (const key of ["fast", "normal", "slow"] as const) {
    const written = valueAt(data, ["intervals", key]);
    paceMs[key] = (typeof written === "string" ? parseDurationMs(written) : undefined) ?? paceMs[key];
  }
  if (paceMs.fast > paceMs.normal || paceMs.normal > paceMs.slow) {
    problems.push({ path: ["intervals"], message: "expected fast ≤ normal ≤ slow (defaults 1s, 10s, 60s)" });
  }
  const collectors = valueAt(data, ["collectors"]);
  if (Array.isArray(collectors)) {
    collectors.forEach((entry, index) => {
      if (collectors.indexOf(entry) < index) {
        problems.push({ path: ["collectors", index], message: `is listed twice: ${String(entry)}` });
      }
    });
  }
  return problems;
}

function etcdEndpoint(): z.ZodType<string> {
  const message = "expected a URL such as https://127.0.0.1:2379, without a path";
  return z.string().refine((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    return (
      url !== undefined &&
      /^https?:$/.test(url.protocol) &&
      url.pathname === "/" &&
      url.search + url.username === ""
    );
  }, message);
}

function etcdLogs(): z.ZodType<string> {
  const message = "expected auto, off, pod, journald:UNIT or file:/PATH";
  return z
    .string()
    .refine((text) => /^(auto|off|pod|journald:[\w@:.\\-]{1,255}|file:\/[^\0]{0,4095})$/.test(text), message);
}

/** The collector's configuration file: its schema, its defaults and what must fit together. */
import { dirname, join } from "node:path";
import { z } from "zod";
import type { ConfigResult } from "../shared/config/config-problem.ts";
import { valueAt } from "../shared/config/describe-issue.ts";
import {
  duration,
  isName,
  listenAddress,
  MAX_CLUSTER_NAME_LENGTH,
  path,
  size,
} from "../shared/config/field-types.ts";
import {
  loadConfig,
  requireConfig,
  type ConfigFormat,
  type PlacedMessage,
} from "../shared/config/load-config.ts";
import { isLoopback, parseAddress } from "../shared/config/parse-address.ts";
import { parseDurationMs } from "../shared/config/parse-duration.ts";
import { parseSizeBytes } from "../shared/config/parse-size.ts";
import {
  completeTarget,
  completeWebhook,
  findMissingFiles,
  findTargetProblems,
  targetSchema,
  webhookSchema,
} from "./config-targets.ts";
import { findTlsProblems, tlsFiles } from "../shared/config/tls-files.ts";
import { LOG_LEVELS } from "../shared/log-line.ts";
import type { CollectorConfig } from "./config.ts";
import { THRESHOLDS, type ThresholdDescription } from "./diagnosis/thresholds.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MIB = 2 ** 20;
const DEFAULT_GRPC = { host: "0.0.0.0", port: 7443 } as const;
const DEFAULT_HTTP = { host: "127.0.0.1", port: 8080 } as const;

/** Lists in a configuration are written by hand. */
const MAX_ENTRIES = 100;

function collectorSchema(resolvePath: (path: string) => string) {
  const targets = z.array(targetSchema(resolvePath)).max(MAX_ENTRIES).optional();
  const age = duration({ min: HOUR, max: 3_660 * DAY });
  return z.object({
    grpc: z.object({
      listen: listenAddress().optional(),
      tls: tlsFiles(resolvePath),
      revoked: path(resolvePath).optional(),
      enrol: z
        .object({
          ca: path(resolvePath).optional(),
          key: path(resolvePath),
          joinKey: path(resolvePath),
          used: path(resolvePath).optional(),
        })
        .optional(),
    }),
    http: z
      .object({
        listen: listenAddress().optional(),
        tls: z
          .object({ ca: path(resolvePath).optional(), cert: path(resolvePath), key: path(resolvePath) })
          .optional(),
        tokens: z.array(tokenSchema()).max(MAX_ENTRIES).optional(),
      })
      .optional(),
    history: z
      .object({
        path: path(resolvePath).optional(),
        raw: age.optional(),
        rollups: age.optional(),
        maxBytes: size({ min: 16 * MIB, max: 1024 * 1024 * 1024 * MIB }).optional(),
        aroundIncidents: duration({ min: 0, max: 7 * DAY }).optional(),
      })
      .optional(),
    thresholds: thresholdsSchema().optional(),
    clusters: z.record(z.string(), z.object({ voters: z.int().min(1).max(99).optional() })).optional(),
    alerts: z
      .object({
        alertmanager: targets,
        webhook: z.array(webhookSchema(resolvePath)).max(MAX_ENTRIES).optional(),
      })
      .optional(),
    remoteWrite: targets,
    log: z.object({ level: z.enum(LOG_LEVELS).optional() }).optional(),
  });
}

type RawCollectorConfig = z.infer<ReturnType<typeof collectorSchema>>;

const collectorFormat: ConfigFormat<RawCollectorConfig, CollectorConfig> = {
  schema: collectorSchema,
  findProblems,
  complete,
};

/** Every problem, or the complete, frozen configuration. */
export function checkCollectorConfig(file: string): ConfigResult<CollectorConfig> {
  return loadConfig(file, collectorFormat);
}

/** The configuration; an EtcdscopeError (CONFIG_INVALID) lists every problem. */
export function readCollectorConfig(file: string): CollectorConfig {
  return requireConfig(file, checkCollectorConfig(file));
}

function complete(raw: RawCollectorConfig): CollectorConfig {
  const { profile, ...values } = raw.thresholds ?? {};
  const overrides = Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
  const tls = raw.http?.tls;
  const historyPath = raw.history?.path ?? "/var/lib/etcdscope/history.db";
  return {
    grpc: {
      ...(raw.grpc.listen ?? DEFAULT_GRPC),
      tls: raw.grpc.tls,
      revoked: raw.grpc.revoked,
      enrol: raw.grpc.enrol && {
        ca: raw.grpc.enrol.ca ?? raw.grpc.tls.ca,
        key: raw.grpc.enrol.key,
        joinKey: raw.grpc.enrol.joinKey,
        used: raw.grpc.enrol.used ?? join(dirname(historyPath), "used-tokens.json"),
      },
    },
    http: {
      ...(raw.http?.listen ?? DEFAULT_HTTP),
      tls: tls && { ca: tls.ca, cert: tls.cert, key: tls.key },
      tokens: raw.http?.tokens ?? [],
    },
    history: {
      path: historyPath,
      rawMs: raw.history?.raw ?? 7 * DAY,
      rollupsMs: raw.history?.rollups ?? 400 * DAY,
      maxBytes: raw.history?.maxBytes ?? 20 * 1024 * MIB,
      aroundIncidentsMs: raw.history?.aroundIncidents ?? HOUR,
    },
    thresholds: { profile: profile ?? "default", overrides },
    clusters: Object.fromEntries(
      Object.entries(raw.clusters ?? {}).map(([name, { voters }]) => [name, { voters }]),
    ),
    alerts: {
      alertmanager: (raw.alerts?.alertmanager ?? []).map(completeTarget),
      webhook: (raw.alerts?.webhook ?? []).map(completeWebhook),
    },
    remoteWrite: (raw.remoteWrite ?? []).map(completeTarget),
    log: { level: raw.log?.level ?? "info" },
  };
}

function findProblems(data: unknown, resolvePath: (path: string) => string): PlacedMessage[] {
  return [
    ...findTlsProblems(data, ["grpc", "tls"], { resolvePath, depth: "usable" }),
    ...findTlsProblems(data, ["http", "tls"], { resolvePath, depth: "usable" }),
    ...findOpenDoors(data),
    ...findRepeatedTokens(data),
    ...findShortRollups(data),
    ...findBadClusterNames(data),
    ...findTargetProblems(data, resolvePath),
    ...findMissingFiles(data, resolvePath),
  ];
}

/** Without tokens everybody who can connect may read; and a token sent in the clear is soon everybody's. */
function findOpenDoors(data: unknown): PlacedMessage[] {
  const listen = valueAt(data, ["http", "listen"]);
  const address = typeof listen === "string" ? parseAddress(listen) : DEFAULT_HTTP;
  const tokens = valueAt(data, ["http", "tokens"]);
  const hasTokens = Array.isArray(tokens) && tokens.length > 0;
  if (address === undefined || hasTokens || isLoopback(address.host)) {
    return [];
  }
  const message = `${address.host} is reachable by others, and there are no http.tokens: add tokens or listen on 127.0.0.1`;
  return [{ path: ["http", "listen"], message }];
}

function findRepeatedTokens(data: unknown): PlacedMessage[] {
  const tokens = valueAt(data, ["http", "tokens"]);
  const names = Array.isArray(tokens) ? tokens.map((token) => valueAt(token, ["name"])) : [];
  return names.flatMap((name, index) =>
    typeof name === "string" && names.indexOf(name) < index
      ? [{ path: ["http", "tokens", index, "name"], message: `is used twice: ${name}` }]
      : [],
  );
}

function findShortRollups(data: unknown): PlacedMessage[] {
  const raw = valueAt(data, ["history", "raw"]);
  const rollups = valueAt(data, ["history", "rollups"]);
  const rawMs = (typeof raw === "string" ? parseDurationMs(raw) : undefined) ?? 7 * DAY;
  const rollupsMs = (typeof rollups === "string" ? parseDurationMs(rollups) : undefined) ?? 400 * DAY;
  return rollupsMs < rawMs
    ? [{ path: ["history", "rollups"], message: "expected at least as long as history.raw (default 7d)" }]
    : [];
}

function findBadClusterNames(data: unknown): PlacedMessage[] {
  const clusters = valueAt(data, ["clusters"]);
  const names = typeof clusters === "object" && clusters !== null ? Object.keys(clusters) : [];
  const message = `expected a name of 1 to ${MAX_CLUSTER_NAME_LENGTH} characters of A-Z a-z 0-9 . _ -`;
  return names
    .filter((name) => !isName(name, MAX_CLUSTER_NAME_LENGTH))
    .map((name) => ({ path: ["clusters", name], message }));
}

/** A number in the threshold's own unit, or a text with its unit where it is a duration or a size. */
function thresholdsSchema() {
  const values = Object.entries(THRESHOLDS).map(([name, { unit }]) => [
    name,
    thresholdValue(unit).optional(),
  ]);
  return z.object({
    profile: z.enum(["default", "strict", "relaxed"]).optional(),
    ...(Object.fromEntries(values) as Record<string, z.ZodOptional<z.ZodType<number>>>),
  });
}

function thresholdValue(unit: ThresholdDescription["unit"]): z.ZodType<number> {
  return z.unknown().transform((written, context) => {
    const parse = unit === "ms" ? parseDurationMs : unit === "bytes" ? parseSizeBytes : undefined;
    const value = typeof written === "string" ? parse?.(written) : written;
    if (typeof value === "number" && Number.isFinite(value) && value > 0) {
      return value;
    }
    const example = { ms: " or a duration such as 5s", bytes: " or a size such as 64MiB" };
    const also = unit === "ms" || unit === "bytes" ? example[unit] : "";
    const message = `expected a number above 0 (${unit})${also}, got ${JSON.stringify(written)}`;
    context.issues.push({ code: "custom", message, input: written });
    return z.NEVER;
  });
}

function tokenSchema() {
  return z.object({
    name: z.string().min(1).max(128),
    sha256: z
      .string()
      .regex(/^[0-9a-fA-F]{64}$/, "expected 64 hex digits: printf %s TOKEN | sha256sum")
      .transform((hex) => hex.toLowerCase()),
    role: z.enum(["viewer", "admin"]),
  });
}

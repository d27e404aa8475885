/** A configuration as it is in force, with every default, for strangers' eyes: what proves or opens something is left out. */
import { existsSync, readFileSync } from "node:fs";
import { checkAgentConfig } from "../../agent/config-file.ts";
import { checkCollectorConfig } from "../../collector/config-file.ts";
import type { CollectorConfig, OutputTarget } from "../../collector/config.ts";
import { formatProblems, type ConfigResult } from "../../shared/config/config-problem.ts";
import { REDACTED } from "../../shared/log/redact-excerpt.ts";
import { guessService } from "../guess-service.ts";

export interface DescribedConfig {
  readonly service: "agent" | "collector";
  /** The whole configuration, or its problems where it is not valid. */
  readonly text: string;
  /** Contents of the files of secrets that it names, to be kept out of everything else; keys are never read. */
  readonly secrets: readonly string[];
}

const MAX_SECRET_BYTES = 64 * 1024;

export function describeConfig(file: string): DescribedConfig {
  if (guessService(file) === "agent") {
    return { service: "agent", ...describe(file, checkAgentConfig(file), () => []) };
  }
  const result = checkCollectorConfig(file);
  return { service: "collector", ...describe(file, result, listSecretFiles) };
}

function describe<T>(
  file: string,
  result: ConfigResult<T>,
  secretFiles: (config: T) => readonly string[],
): Pick<DescribedConfig, "text" | "secrets"> {
  if (result.kind === "invalid") {
    return { text: `${formatProblems(file, result.problems)}\n`, secrets: [] };
  }
  return {
    text: `${JSON.stringify(result.config, redactMember, 2)}\n`,
    secrets: secretFiles(result.config).flatMap(readSecret),
  };
}

/** Hashes of tokens help who guesses them; a receiver's URL may itself be the secret, but for its host. */
function redactMember(name: string, value: unknown): unknown {
  if (name === "sha256") {
    return REDACTED;
  }
  if (name === "url" && typeof value === "string") {
    const { origin, pathname, search } = new URL(value);
    return pathname === "/" && search === "" ? origin : `${origin}/${REDACTED}`;
  }
  return value;
}

function listSecretFiles({ alerts, remoteWrite, grpc }: CollectorConfig): readonly string[] {
  const targets: readonly (OutputTarget & { readonly secretFile?: string | undefined })[] = [
    ...alerts.alertmanager,
    ...alerts.webhook,
    ...remoteWrite,
  ];
  return [
    grpc.enrol?.joinKey,
    ...targets.flatMap(({ tokenFile, secretFile }) => [tokenFile, secretFile]),
  ].filter((file) => file !== undefined);
}

/** Where this user may not read it, nothing that this user can read has it either, as far as we know. */
function readSecret(file: string): readonly string[] {
  try {
    return existsSync(file) ? [readFileSync(file, "utf8").slice(0, MAX_SECRET_BYTES)] : [];
  } catch {
    return [];
  }
}

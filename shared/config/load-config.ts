/** From a configuration file to a frozen configuration, or to every problem in it at once. */
import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { z } from "zod";
import { EtcdscopeError } from "../errors.ts";
import { formatProblems, type ConfigProblem, type ConfigResult, type KeyPath } from "./config-problem.ts";
import { deepFreeze } from "./deep-freeze.ts";
import { describeIssue } from "./describe-issue.ts";
import { findUnknownKeys } from "./find-unknown-keys.ts";
import { MAX_CONFIG_BYTES, parseYamlDocument } from "./yaml-document.ts";

/** How one side's file is understood. Raw is what the schema yields. */
export interface ConfigFormat<Raw, Config> {
  /** `resolvePath` makes a path of the file absolute. */
  schema(resolvePath: (path: string) => string): z.ZodType<Raw>;
  /** What the schema cannot see: other files, one section against another. Gets the data as written. */
  findProblems(data: unknown, resolvePath: (path: string) => string): readonly PlacedMessage[];
  complete(raw: Raw): Config;
}

export interface PlacedMessage {
  readonly path: KeyPath;
  readonly message: string;
}

/** Reads and judges; only what the machine itself refuses (a file that cannot be read) is a problem of the whole file. */
export function loadConfig<Raw, Config>(
  file: string,
  format: ConfigFormat<Raw, Config>,
): ConfigResult<Config> {
  const text = readText(file);
  if (typeof text !== "string") {
    return { kind: "invalid", problems: [text] };
  }
  const document = parseYamlDocument(text);
  if (document.problems.length > 0) {
    return { kind: "invalid", problems: document.problems };
  }
  const data = document.data ?? {};
  if (typeof data !== "object" || Array.isArray(data)) {
    return wholeFile("expected a mapping of keys to values", 1);
  }
  const folder = dirname(resolve(file));
  const resolvePath = (path: string): string => resolve(folder, path);
  const schema = format.schema(resolvePath);
  const parsed = schema.safeParse(data);
  const issues = parsed.success ? [] : parsed.error.issues.map((issue) => describeIssue(issue, data));
  const found = [...issues, ...findUnknownKeys(schema, data), ...format.findProblems(data, resolvePath)];
  if (parsed.success && found.length === 0) {
    return { kind: "valid", config: deepFreeze(format.complete(parsed.data)) };
  }
  const problems = found.map(({ path, message }) => ({ path, message, line: document.lineOf(path) }));
  return { kind: "invalid", problems: problems.sort((left, right) => left.line - right.line) };
}

/** The configuration, or an EtcdscopeError (CONFIG_INVALID) whose message lists every problem. */
export function requireConfig<T>(file: string, result: ConfigResult<T>): T {
  if (result.kind === "invalid") {
    throw new EtcdscopeError("CONFIG_INVALID", formatProblems(file, result.problems));
  }
  return result.config;
}

function readText(file: string): string | ConfigProblem {
  try {
    const { size } = statSync(file);
    if (size > MAX_CONFIG_BYTES) {
      return { path: [], line: 0, message: `expected at most ${MAX_CONFIG_BYTES} bytes, got ${size}` };
    }
    return readFileSync(file, "utf8");
  } catch (caught) {
    const code = (caught as NodeJS.ErrnoException).code;
    const why = { ENOENT: "no such file", EACCES: "may not be read by this user", EISDIR: "is a folder" };
    return { path: [], line: 0, message: why[code as keyof typeof why] ?? `cannot be read (${code ?? "?"})` };
  }
}

function wholeFile(message: string, line: number): ConfigResult<never> {
  return { kind: "invalid", problems: [{ path: [], line, message }] };
}

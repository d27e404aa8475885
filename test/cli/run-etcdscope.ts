/** The real command as a child process, with an environment of its own. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { vi } from "vitest";

/** A start of the command is half a second of CPU; on a machine with other work a test that makes ten has not failed yet. */
vi.setConfig({ testTimeout: 40_000, hookTimeout: 40_000 });

export interface CommandResult {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

const COMMAND = join(import.meta.dirname, "../../bin/etcdscope");

export function runEtcdscope(
  args: readonly string[],
  options: {
    readonly env?: NodeJS.ProcessEnv;
    readonly cwd?: string;
    readonly input?: Buffer;
    /** Words before the command, as `unshare` and its options. */
    readonly before?: readonly string[];
  } = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const [file = COMMAND, ...words] = [...(options.before ?? []), COMMAND, ...args];
    const child = spawn(file, words, {
      cwd: options.cwd ?? "/",
      env: { PATH: process.env["PATH"], ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
      timeout: 60_000,
    });
    // One that does not read it is no failure.
    child.stdin.on("error", () => undefined).end(options.input);
    let out = "";
    let error = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (error += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, error }));
  });
}

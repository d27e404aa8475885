/** One finished child process as a value: the lab's short commands (apt, ip, iptables, mount) all go through here. */

import { spawn } from "node:child_process";

export interface Finished {
  readonly ok: boolean;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly timeoutMs?: number;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
}

/** More output than this is a fault of the caller; the rest is dropped. */
const MAX_OUTPUT_CHARS = 4 * 1024 * 1024;

/** Never throws: a command that is not there ends with code 127, one that takes too long is killed with code null. */
export function runCommand(command: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const [file = "", ...args] = command;
  return new Promise((settle) => {
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      timeout: options.timeoutMs ?? 60_000,
      killSignal: "SIGKILL",
    });
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      stdout = (stdout + text).slice(0, MAX_OUTPUT_CHARS);
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(0, MAX_OUTPUT_CHARS);
    });
    child.stdin?.on("error", () => undefined).end(options.input);
    child.on("error", (error) => settle({ ok: false, code: 127, stdout, stderr: error.message }));
    child.on("close", (code) => settle({ ok: code === 0, code, stdout, stderr }));
  });
}

/** For commands that must work: throws with the command and what it said. */
export async function mustRun(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const finished = await runCommand(command, options);
  if (!finished.ok) {
    const said = (finished.stderr || finished.stdout).trim();
    throw new Error(`${command.join(" ")} ended with code ${String(finished.code)}: ${said}`);
  }
  return finished.stdout;
}

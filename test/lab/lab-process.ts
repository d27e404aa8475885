/** A long-running child of the lab: logs to a file, may live in a network namespace, and dies with whoever started it. */

import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

export interface LabProcess {
  readonly pid: number;
  isRunning(): boolean;
  kill(signal: NodeJS.Signals): void;
  /** Settles when the process is gone, with its exit code or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** Sends the signal, then SIGKILL when it takes longer than graceMs; settles when the process is gone. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<void>;
}

export interface LabProcessOptions {
  readonly command: readonly string[];
  /** Standard output and error are appended here. */
  readonly logPath: string;
  /** Name of a network namespace under /run/netns. */
  readonly namespace?: string | undefined;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

const DEFAULT_GRACE_MS = 5_000;

/**
 * `nsenter` and not `ip netns exec`: the latter copies all mounts, which keeps unmounted loop devices alive, and
 * hides /sys/fs/cgroup. Each wrapper replaces itself by the next, so the pid is the program's own.
 */
export function wrapCommand(command: readonly string[], namespace: string | undefined): readonly string[] {
  const enter = namespace === undefined ? [] : ["nsenter", `--net=/run/netns/${namespace}`, "--"];
  return [...enter, ...command];
}

export async function startLabProcess(options: LabProcessOptions): Promise<LabProcess> {
  const log = openSync(options.logPath, "a");
  const mortal = ["setpriv", "--pdeathsig", "KILL", "--", ...options.command];
  const [file = "", ...args] = wrapCommand(mortal, options.namespace);
  const child = spawn(file, args, {
    stdio: ["ignore", log, log],
    cwd: options.cwd,
    env: options.env ?? process.env,
    // A group of its own: Ctrl-C in the terminal must reach the one who cleans up, not the patients.
    detached: true,
  });
  closeSync(log);
  await new Promise<void>((settle, fail) => {
    child.once("spawn", () => settle());
    child.once("error", fail);
  });
  const { pid } = child;
  if (pid === undefined) {
    throw new Error(`${file} has no pid`);
  }
  const exited = new Promise<number | NodeJS.Signals>((settle) => {
    child.once("exit", (code, signal) => settle(code ?? signal ?? 0));
  });
  function isRunning(): boolean {
    return child.exitCode === null && child.signalCode === null;
  }
  return {
    pid,
    exited,
    isRunning,
    kill: (signal) => void child.kill(signal),
    stop: async (signal = "SIGTERM", graceMs = DEFAULT_GRACE_MS) => {
      if (!isRunning()) {
        return;
      }
      child.kill(signal);
      // A stopped process takes no signal but SIGKILL until it is woken.
      child.kill("SIGCONT");
      const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

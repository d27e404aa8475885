/** The collector or an agent as a restartable real process. */

import type { LabProcess } from "./lab-process.ts";
import { startLabProcess } from "./lab-process.ts";
import { ETCDSCOPE } from "./etcdscope-command.ts";

export interface LabService {
  readonly name: string;
  readonly configPath: string;
  readonly logPath: string;
  readonly namespace: string | undefined;
  /** 0 when it is not running. */
  readonly pid: number;
  isRunning(): boolean;
  start(): Promise<void>;
  /** Sends a signal (SIGKILL unless said) and waits until the process is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** SIGSTOP */
  stop(): void;
  /** SIGCONT */
  cont(): void;
  restart(): Promise<void>;
}

export interface LabServiceOptions {
  readonly name: string;
  readonly command: "agent" | "collector";
  readonly configPath: string;
  readonly logPath: string;
  readonly namespace: string | undefined;
  /** Instead of this process' own. */
  readonly env?: NodeJS.ProcessEnv;
}

export function createLabService(options: LabServiceOptions): LabService {
  let child: LabProcess | undefined;
  const { name, configPath, logPath, namespace } = options;
  const service: LabService = {
    name,
    configPath,
    logPath,
    namespace,
    get pid() {
      return child?.isRunning() ? child.pid : 0;
    },
    isRunning: () => child?.isRunning() ?? false,
    start: async () => {
      if (child?.isRunning()) {
        return;
      }
      child = await startLabProcess({
        command: [ETCDSCOPE, options.command, "--config", configPath],
        logPath,
        namespace,
        ...(options.env !== undefined && { env: options.env }),
      });
    },
    kill: async (signal = "SIGKILL") => await child?.stop(signal),
    stop: () => child?.kill("SIGSTOP"),
    cont: () => child?.kill("SIGCONT"),
    restart: async () => {
      await service.kill("SIGTERM");
      await service.start();
    },
  };
  return service;
}

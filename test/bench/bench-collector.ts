/** A collector for a benchmark: a process started as installed, on free ports of loopback. */
import { join } from "node:path";
import { findFreePorts } from "../lab/free-ports.ts";
import { createLabService } from "../lab/lab-service.ts";
import { writeCollectorConfig } from "../lab/stack-config.ts";
import { waitFor } from "../lab/wait-for.ts";

export interface BenchCollector {
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly historyPath: string;
  readonly logPath: string;
  /** 0 when it does not run. */
  pid(): number;
  /** After a stop or a kill. */
  start(): Promise<void>;
  /** Lets it finish what it has in hand. */
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** SIGSTOP, until thaw. */
  freeze(): void;
  thaw(): void;
}

/** Resolves when it is ready. The folder holds collector.crt and .key, and ca.crt, in `pkiDir`. `raw`: kept in full for so long. */
export async function startBenchCollector(
  dir: string,
  pkiDir: string,
  historyPath = join(dir, "history.db"),
  raw = "7d",
): Promise<BenchCollector> {
  const [grpcPort = 0, httpPort = 0] = await findFreePorts(2);
  const service = createLabService({
    name: "collector",
    command: "collector",
    configPath: writeCollectorConfig({
      dir,
      pkiDir,
      place: { ip: "127.0.0.1", grpcPort, httpPort },
      cluster: "bench-0",
      voters: 3,
      overrides: { history: { path: historyPath, raw } },
    }),
    logPath: join(dir, "collector.log"),
    namespace: undefined,
  });
  async function start(): Promise<void> {
    await service.start();
    await waitFor(
      "the collector is ready",
      async () => {
        const answer = await fetch(`http://127.0.0.1:${httpPort}/readyz`).catch(() => undefined);
        return answer?.ok === true;
      },
      { timeoutMs: 90_000 },
    );
  }
  try {
    await start();
  } catch (error) {
    await service.kill("SIGKILL");
    throw error;
  }
  return {
    grpcPort,
    httpPort,
    historyPath,
    logPath: service.logPath,
    pid: () => service.pid,
    start,
    stop: () => service.kill("SIGTERM"),
    kill: () => service.kill("SIGKILL"),
    freeze: () => service.stop(),
    thaw: () => service.cont(),
  };
}

/** The agent as a process: signals in, an exit code out. */
import { systemClock } from "../shared/clock.ts";
import { createServiceManager } from "../shared/service-manager.ts";
import { createLineLog } from "./line-log.ts";
import { createAgent } from "./agent.ts";
import type { AgentConfig } from "./config.ts";
import { createEtcdDoor } from "./etcd/create-etcd-door.ts";
import { createLinuxHost } from "./host/linux-host.ts";
import { settleMemory, type Collect } from "./settle-memory.ts";

/** Runs until SIGTERM or SIGINT; the exit code to end with. */
export async function runAgent(config: AgentConfig): Promise<number> {
  const log = createLineLog({ name: "etcdscope-agent", level: config.log.level, clock: systemClock });
  const host = createLinuxHost({ clock: systemClock });
  const agent = createAgent({ config, clock: systemClock, log, host, createEtcdDoor });
  const manager = createServiceManager({ env: process.env, pid: process.pid, clock: systemClock, log });
  agent.start();
  // Neither etcd nor a collector has to be there for that.
  manager.ready(() => agent.isTicking());
  const settling = settleMemory(systemClock, findCollect());
  const signal = await untilSignalled();
  settling.cancel();
  log.info({ signal }, "The agent was asked to stop.");
  manager.stopping();
  await agent.stop();
  const pending = host.pendingOperations();
  if (pending.length > 0) {
    // Node's exit waits for every thread, and one of them waits for a file system that may never answer.
    log.warn({ pending }, "The agent ends itself: a file system has not answered.");
    process.kill(process.pid, "SIGKILL");
  }
  return 0;
}

/** A thorough one also gives empty pages back; undefined without --expose-gc. */
function findCollect(): Collect | undefined {
  const { gc } = globalThis;
  return gc === undefined
    ? undefined
    : (how) => {
        gc({ type: "major", execution: "sync", flavor: how === "thorough" ? "last-resort" : "regular" });
      };
}

function untilSignalled(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.once(signal, resolve);
    }
  });
}

/** The collector as a process: signals in, an exit code out. */
import { systemClock } from "../shared/clock.ts";
import { EtcdscopeError } from "../shared/errors.ts";
import { createLogger } from "../shared/log.ts";
import { createServiceManager } from "../shared/service-manager.ts";
import { createCollector } from "./collector.ts";
import type { CollectorConfig } from "./config.ts";

/** What is still open after a stop is left: an acknowledged frame is on disk, the rest the agents hold. */
const STOP_WITHIN_MS = 8_000;

/** Runs until SIGTERM or SIGINT; the exit code to end with: 0, 1 when it could not start, 2 for a configuration it must not run with. */
export async function runCollector(config: CollectorConfig): Promise<number> {
  const log = createLogger("etcdscope-collector", config.log.level);
  const signalled = untilSignalled();
  const manager = createServiceManager({ env: process.env, pid: process.pid, clock: systemClock, log });
  const collector = createCollector({ config, clock: systemClock, log });
  // Idle timers do not hold a process; this one does until a signal comes.
  const hold = setInterval(() => undefined, 60_000);
  try {
    manager.status("Opening the history");
    await collector.start();
    manager.status("Serving agents and readers");
    // What says so rings in the loop that takes frames and answers. A history that cannot be written is no reason to
    // start anew: what is live goes on without it.
    manager.ready(() => true);
    const signal = await signalled;
    log.info({ signal }, "The collector was asked to stop.");
    manager.stopping();
    await Promise.race([
      collector.stop(),
      new Promise<void>((resolve) => systemClock.after(STOP_WITHIN_MS, resolve)),
    ]);
    return 0;
  } catch (caught) {
    const error = EtcdscopeError.from(caught);
    log.error({ error }, "The collector could not start.");
    return error.code === "CONFIG_INVALID" ? 2 : 1;
  } finally {
    clearInterval(hold);
  }
}

function untilSignalled(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.once(signal, resolve);
    }
  });
}

/** Every probe of the agent, run by its own scheduler at a cadence for tests, on the given machine. */
import type { AgentConfig } from "../../agent/config.ts";
import type { DiscoveredEtcd } from "../../agent/discovery/discovered-etcd.ts";
import { createEtcdDoor } from "../../agent/etcd/create-etcd-door.ts";
import type { HostDoor } from "../../agent/host/host-door.ts";
import type { CompletedRun } from "../../agent/probe/completed-run.ts";
import { PROBE_FACTORIES } from "../../agent/probe/registry.ts";
import { createScheduler } from "../../agent/probe/scheduler.ts";
import { systemClock } from "../../shared/clock.ts";
import { TEST_CONFIG } from "./probe/probe-context.ts";
import { silentLog } from "./silent-log.ts";

const INTERVALS = { fastMs: 40, normalMs: 80, slowMs: 120 };

export interface EveryProbe {
  /** What has ended; grows. */
  readonly runs: readonly CompletedRun[];
  /** No more runs. The connections to etcd are not waited for, as the agent does not. */
  readonly stop: () => void;
}

export interface EveryProbeOptions {
  readonly host: HostDoor;
  readonly discovered: DiscoveredEtcd;
  readonly config?: Partial<AgentConfig>;
}

export function startEveryProbe(options: EveryProbeOptions): EveryProbe {
  const { host, discovered } = options;
  const config = { ...TEST_CONFIG, ...options.config, intervals: INTERVALS };
  const etcd = createEtcdDoor({ discovered: () => discovered, config, clock: systemClock, log: silentLog });
  const runs: CompletedRun[] = [];
  const scheduler = createScheduler({
    probes: PROBE_FACTORIES.map((factory) => factory({ config, log: silentLog })),
    intervals: INTERVALS,
    clock: systemClock,
    random: () => 0.5,
    context: () => ({ host, etcd, discovered, clock: systemClock }),
    onRun: (run) => void runs.push(run),
    onForget: () => undefined,
  });
  scheduler.start();
  return {
    runs,
    stop: () => {
      scheduler.stop();
      // Closing waits for a silent peer as well, up to its own limits.
      void etcd.close();
    },
  };
}

/**
 * The agent's probes for a few seconds and without a collector: what `etcdscope diagnose` looks with. The same scheduler,
 * probes and frames as agent.ts wires for a service; only where the frames go differs.
 */
import type { Clock } from "../shared/clock.ts";
import type { Frame } from "../shared/frame.ts";
import type { Logger } from "../shared/log-line.ts";
import type { AgentConfig } from "./config.ts";
import { createWatchedEtcd } from "./discovery/watched-etcd.ts";
import type { ClosableEtcdDoor, EtcdDoorOptions } from "./etcd/create-etcd-door.ts";
import { FrameBuilder } from "./frame/frame-builder.ts";
import type { HostDoor } from "./host/host-door.ts";
import { createDiscoveryProbe } from "./probe/discovery.ts";
import type { ProbeContext } from "./probe/probe.ts";
import { PROBE_FACTORIES } from "./probe/registry.ts";
import { createScheduler } from "./probe/scheduler.ts";
import { STALE_AFTER_DISCOVERY } from "./probe/stale-after-discovery.ts";

export interface LocalLookOptions {
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly host: HostDoor;
  readonly createEtcdDoor: (options: EtcdDoorOptions) => ClosableEtcdDoor;
}

export interface LocalLook {
  /** Every probe is under way when this returns, at the latest after 2 s. */
  start(): Promise<void>;
  /** Everything seen since the last frame. */
  closeFrame(): Frame;
  /** Every probe has come back from each of its targets at least once, well or not. */
  isComplete(): boolean;
  /** Where what is known of an etcd that does not run comes from; empty when one runs or nothing is known. */
  source(): string;
  stop(): Promise<void>;
}

/** Metrics and disks tell by their change: two looks of the normal cadence fall into a few seconds. */
const INTERVALS = { fastMs: 1000, normalMs: 2000, slowMs: 60_000 };
const CLOSE_LIMIT_MS = 2000;

export function createLocalLook(options: LocalLookOptions): LocalLook {
  const { clock, log, host } = options;
  const config: AgentConfig = {
    ...options.config,
    intervals: INTERVALS,
    fsyncProbe: { ...options.config.fsyncProbe, intervalMs: INTERVALS.normalMs },
  };
  const builder = new FrameBuilder();
  const done = new Set<string>();

  const discovery = createWatchedEtcd({
    host,
    wanted: config.etcd,
    clock,
    log,
    everyMs: INTERVALS.slowMs,
    onChange: () => scheduler.trigger(STALE_AFTER_DISCOVERY),
  });
  const etcd = options.createEtcdDoor({
    discovered: () => discovery.discovered(),
    config,
    clock,
    log,
    onLate: () => scheduler.trigger(["link"]),
  });
  const context = (): Omit<ProbeContext, "signal" | "target"> => ({
    host,
    etcd,
    discovered: discovery.discovered(),
    discoveryNote: discovery.note(),
    isUndecided: discovery.isUndecided(),
    clock,
  });
  const probes = [
    createDiscoveryProbe(discovery),
    ...PROBE_FACTORIES.map((factory) => factory({ config, log })),
  ];
  const scheduler = createScheduler({
    probes,
    intervals: INTERVALS,
    clock,
    random: () => 0.5,
    context,
    onRun: (run) => {
      done.add(`${run.probe}\0${run.target}`);
      builder.observe(run, clock.monotonicUs());
    },
    onForget: (probe, target) => void builder.removeTarget(probe, target),
  });

  async function start(): Promise<void> {
    discovery.refresh();
    await discovery.settled();
    scheduler.start();
  }

  function closeFrame(): Frame {
    return builder.close({ nowMs: clock.nowMs(), monotonicUs: clock.monotonicUs() });
  }

  function isComplete(): boolean {
    return probes.every((probe) => {
      const targets = probe.targets?.(context()) ?? [""];
      return targets.every((target) => done.has(`${probe.name}\0${target}`));
    });
  }

  async function stop(): Promise<void> {
    scheduler.stop();
    host.closeJournal();
    const limit = Promise.withResolvers<void>();
    const timer = clock.after(CLOSE_LIMIT_MS, limit.resolve);
    await Promise.race([etcd.close(), limit.promise]);
    timer.cancel();
  }

  return {
    start,
    closeFrame,
    isComplete,
    source: () => discovery.source(),
    stop,
  };
}

/** Builds the agent from its rooms and starts and stops them in order: the one place that knows them all. */
import { randomUUID } from "node:crypto";

import type { Clock, Timer } from "../shared/clock.ts";
import type { Hello, Settings } from "../shared/gen/etcdscope/v1/stream_pb.js";
import type { Logger } from "../shared/log-line.ts";
import { ETCDSCOPE_VERSION } from "../shared/version.ts";
import { createAgentSampler } from "./agent-sampler.ts";
import type { AgentConfig } from "./config.ts";
import { createWatchedEtcd } from "./discovery/watched-etcd.ts";
import type { ClosableEtcdDoor, EtcdDoorOptions } from "./etcd/create-etcd-door.ts";
import { FrameBuilder } from "./frame/frame-builder.ts";
import type { HostDoor } from "./host/host-door.ts";
import type { CompletedRun } from "./probe/completed-run.ts";
import { createDiscoveryProbe } from "./probe/discovery.ts";
import { HASH_KV_PROBE } from "./probe/hash-kv.ts";
import { mergeSettings } from "./probe/merge-settings.ts";
import { PROBE_FACTORIES } from "./probe/registry.ts";
import { createScheduler } from "./probe/scheduler.ts";
import { STALE_AFTER_DISCOVERY } from "./probe/stale-after-discovery.ts";
import { createSpoolFiles } from "./spool/spool-files.ts";
import { createSpoolQueue } from "./spool/spool-queue.ts";
import { createCollectorLink, type CollectorLink } from "./stream/collector-link.ts";
import { createRenewal } from "./stream/renewal.ts";

export interface AgentOptions {
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly host: HostDoor;
  readonly createEtcdDoor: (options: EtcdDoorOptions) => ClosableEtcdDoor;
}

export interface Agent {
  start(): void;
  /** Ends once every connection is closed in good order, at the latest after 4 s. */
  stop(): Promise<void>;
  /** Its ticks come: whatever a probe or a collector waits for, probes are begun and frames are made. */
  isTicking(): boolean;
}

/** When so many ticks have not come something is wrong with the agent itself. */
const STILL_TICKING_AFTER = 10;
/** A tick's frame is closed this long after the tick began: most of what it asks for has been answered by then. */
const FRAME_AFTER_TICK_MS = 250;
/** What is urgent waits this long for what belongs to it: one event of the world is seen by several probes. */
const URGENT_AFTER_MS = 50;
/** systemd, and people, expect a service to stop within seconds, whatever the other side does. */
const CLOSE_LIMIT_MS = 4000;
/** At a stop, acknowledgements on their way are awaited so long, that what is not lost need not be kept. */
const ACKNOWLEDGE_LIMIT_MS = 500;
const ACKNOWLEDGE_LOOK_MS = 20;

export function createAgent(options: AgentOptions): Agent {
  const { config, clock, log, host } = options;
  const { fastMs, normalMs } = config.intervals;
  const builder = new FrameBuilder();
  const { bootId } = host.readNodeInventory();
  const files = createSpoolFiles(config.spool.dir);
  const queue = createSpoolQueue({
    files,
    agent: { cluster: config.cluster, node: config.node, agentVersion: ETCDSCOPE_VERSION, bootId },
    collectors: config.collectors.length,
    maxBytes: config.spool.maxBytes,
    maxAgeMs: config.spool.maxAgeMs,
    clock,
    log,
    random: randomUUID().slice(0, 8),
  });
  const sampler = createAgentSampler({
    intervalMs: normalMs,
    queuedFrames: () => queue.size(),
    spoolBytes: () => queue.spoolBytes(),
  });
  const renewal = createRenewal({
    tls: config.tls,
    collectors: config.collectors,
    clock,
    random: Math.random,
    log,
  });
  const settings: (Settings | undefined)[] = config.collectors.map(() => undefined);
  let lastTickUs = clock.monotonicUs();
  let frameTimer: Timer | undefined;
  let urgentTimer: Timer | undefined;

  const discovery = createWatchedEtcd({
    host,
    wanted: config.etcd,
    clock,
    log,
    everyMs: config.intervals.slowMs,
    onChange: () => scheduler.trigger(STALE_AFTER_DISCOVERY),
  });
  const etcd = options.createEtcdDoor({
    discovered: () => discovery.discovered(),
    config,
    clock,
    log,
    onLate: () => scheduler.trigger(["link"]),
    onLost: () => scheduler.trigger(["process", "status", "link"]),
  });
  const setup = { config, log, positions: files, settings: () => mergeSettings(settings) };
  const scheduler = createScheduler({
    probes: [createDiscoveryProbe(discovery), ...PROBE_FACTORIES.map((factory) => factory(setup))],
    intervals: config.intervals,
    clock,
    random: Math.random,
    context: () => ({
      host,
      etcd,
      discovered: discovery.discovered(),
      discoveryNote: discovery.note(),
      isUndecided: discovery.isUndecided(),
      clock,
    }),
    onRun: (run: CompletedRun) => closeSoonIf(builder.observe(run, clock.monotonicUs())),
    onForget: (probe, target) => closeSoonIf(builder.removeTarget(probe, target)),
  });
  let links: readonly CollectorLink[] = [];
  let isStopped = false;

  function createLinks(hello: Hello): readonly CollectorLink[] {
    return config.collectors.map((collector, index) =>
      createCollectorLink({
        collector,
        tls: config.tls,
        hello,
        reader: queue.reader(index),
        clock,
        log,
        onStreamOpen: () => {
          builder.requestKeyframe();
          closeSoonIf(true);
        },
        onSettings: (asked) => {
          const before = mergeSettings(settings);
          settings[index] = asked;
          scheduler.retime();
          if (mergeSettings(settings).hashRound > before.hashRound) {
            scheduler.trigger([HASH_KV_PROBE]);
          }
        },
      }),
    );
  }

  function closeFrame(): void {
    const isUrgent = urgentTimer !== undefined;
    urgentTimer?.cancel();
    urgentTimer = undefined;
    const moment = { nowMs: clock.nowMs(), monotonicUs: clock.monotonicUs() };
    builder.addSamples(sampler.sample(moment.monotonicUs));
    queue.push(builder.close(moment));
    for (const link of links) {
      link.notify(isUrgent ? undefined : fastMs);
    }
  }

  function closeSoonIf(isUrgent: boolean): void {
    if (isUrgent) {
      urgentTimer ??= clock.after(URGENT_AFTER_MS, closeFrame);
    }
  }

  /** Keeps to multiples of the interval, also when a timer rings late. */
  function closeEveryTick(dueMs: number): void {
    const nowMs = clock.monotonicUs() / 1000;
    const nextMs = Math.max(dueMs, nowMs - fastMs);
    frameTimer = clock.after(Math.max(1, nextMs - nowMs), () => {
      lastTickUs = clock.monotonicUs();
      closeFrame();
      closeEveryTick(nextMs + fastMs);
    });
  }

  function start(): void {
    log.info(
      {
        cluster: config.cluster,
        node: config.node,
        collectors: config.collectors,
        version: ETCDSCOPE_VERSION,
      },
      "The agent starts.",
    );
    // Counted from the first tick's beginning, which takes its time: all later ones follow from it too.
    const tickMs = clock.monotonicUs() / 1000;
    scheduler.start();
    renewal.start();
    openStreams().catch((error: unknown) => log.error({ error }, "Streams could not be opened."));
    closeEveryTick(tickMs + FRAME_AFTER_TICK_MS);
  }

  /** Streams begin when this run has its name, which waits for the spool. */
  async function openStreams(): Promise<void> {
    const hello = await queue.open();
    if (!isStopped) {
      links = createLinks(hello);
      for (const link of links) {
        link.start();
      }
    }
  }

  async function stop(): Promise<void> {
    isStopped = true;
    frameTimer?.cancel();
    urgentTimer?.cancel();
    scheduler.stop();
    renewal.stop();
    host.closeJournal();
    await untilAcknowledged();
    for (const link of links) {
      link.stop();
    }
    await withLimit(Promise.all([queue.close(), etcd.close()]));
    log.info({ queuedFrames: queue.size(), spoolBytes: queue.spoolBytes() }, "The agent has stopped.");
  }

  async function untilAcknowledged(): Promise<void> {
    const isFlowing = (): boolean => links.every((link) => link.status().state === "streaming");
    const endUs = clock.monotonicUs() + ACKNOWLEDGE_LIMIT_MS * 1000;
    while (queue.size() > 0 && isFlowing() && clock.monotonicUs() < endUs) {
      await new Promise<void>((resolve) => clock.after(ACKNOWLEDGE_LOOK_MS, resolve));
    }
  }

  async function withLimit(closing: Promise<unknown>): Promise<void> {
    let timer: Timer | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = clock.after(CLOSE_LIMIT_MS, resolve);
    });
    await Promise.race([closing, limit]);
    timer?.cancel();
  }

  function isTicking(): boolean {
    const oldestUs = Math.min(lastTickUs, scheduler.lastTickUs());
    return clock.monotonicUs() - oldestUs < STILL_TICKING_AFTER * fastMs * 1000;
  }

  return { start, stop, isTicking };
}

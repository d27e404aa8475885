/** Builds the agent from its rooms and starts and stops them in order: the one place that knows them all. */
import { randomUUID } from "node:crypto";

import type { Clock, Timer } from "../shared/clock.ts";
import type { Settings } from "../shared/gen/etcdscope/v1/stream_pb.js";
import type { Logger } from "../shared/log-line.ts";
import { ETCDSCOPE_VERSION } from "../shared/version.ts";
import { createAgentSampler } from "./agent-sampler.ts";
import type { AgentConfig } from "./config.ts";
import { createDiscovery } from "./discovery/discovery.ts";
import type { ClosableEtcdDoor, EtcdDoorOptions } from "./etcd/create-etcd-door.ts";
import { FrameBuilder } from "./frame/frame-builder.ts";
import type { HostDoor } from "./host/host-door.ts";
import type { CompletedRun } from "./probe/completed-run.ts";
import { createDiscoveryProbe } from "./probe/discovery.ts";
import { mergeSettings } from "./probe/merge-settings.ts";
import { PROBE_FACTORIES } from "./probe/registry.ts";
import { createScheduler } from "./probe/scheduler.ts";
import { createMemoryQueue } from "./spool/memory-queue.ts";
import { createStreamClient } from "./stream/stream-client.ts";

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
}

/** A tick's frame is closed this long after the tick began: most of what it asks for has been answered by then. */
const FRAME_AFTER_TICK_MS = 250;
/** What is urgent waits this long for what belongs to it: one event of the world is seen by several probes. */
const URGENT_AFTER_MS = 50;
/** systemd, and people, expect a service to stop within seconds, whatever the other side does. */
const CLOSE_LIMIT_MS = 4000;
/** Until there is a spool on disk, frames wait in memory, and the agent is to stay small. */
const MAX_QUEUE_BYTES = 16 * 1024 * 1024;
const MAX_QUEUE_FRAMES = 50_000;
/** Probes whose last answer is stale when etcd is found, gone or another. */
const STALE_AFTER_DISCOVERY = [
  "process",
  "flags",
  "status",
  "members",
  "certificate",
  "filesystem",
  "metrics",
];

export function createAgent(options: AgentOptions): Agent {
  const { config, clock, log, host } = options;
  const { fastMs, normalMs } = config.intervals;
  const builder = new FrameBuilder();
  const queue = createMemoryQueue({
    maxFrames: MAX_QUEUE_FRAMES,
    maxBytes: Math.min(config.spool.maxBytes, MAX_QUEUE_BYTES),
    readers: config.collectors.length,
  });
  const sampler = createAgentSampler({ intervalMs: normalMs, queuedFrames: () => queue.size() });
  const settings: (Settings | undefined)[] = config.collectors.map(() => undefined);
  let frameTimer: Timer | undefined;
  let urgentTimer: Timer | undefined;

  const discovery = createDiscovery({
    host,
    wanted: config.etcd,
    clock,
    log,
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
  const setup = { config, log, settings: () => mergeSettings(settings) };
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
      clock,
    }),
    onRun: (run: CompletedRun) => closeSoonIf(builder.observe(run, clock.monotonicUs())),
    onForget: (probe, target) => closeSoonIf(builder.removeTarget(probe, target)),
  });
  const { bootId } = host.readNodeInventory();
  const hello = {
    cluster: config.cluster,
    node: config.node,
    agentVersion: ETCDSCOPE_VERSION,
    bootId,
    instanceId: randomUUID(),
  };
  const streams = config.collectors.map((collector, index) => {
    const reader = queue.reader(index);
    return createStreamClient({
      collector,
      tls: config.tls,
      hello,
      queue: reader,
      clock,
      log,
      onStreamOpen: () => {
        builder.requestKeyframe();
        closeSoonIf(true);
      },
      onSettings: (asked) => {
        settings[index] = asked;
        scheduler.retime();
      },
      onClockOffset: (offset) => reader.measureClock(offset),
    });
  });

  function closeFrame(): void {
    urgentTimer?.cancel();
    urgentTimer = undefined;
    const moment = { nowMs: clock.nowMs(), monotonicUs: clock.monotonicUs() };
    builder.addSamples(sampler.sample(moment.monotonicUs));
    queue.push(builder.close(moment));
    for (const stream of streams) {
      stream.notify();
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
    for (const stream of streams) {
      stream.start();
    }
    scheduler.start();
    closeEveryTick(clock.monotonicUs() / 1000 + FRAME_AFTER_TICK_MS);
  }

  async function stop(): Promise<void> {
    frameTimer?.cancel();
    urgentTimer?.cancel();
    scheduler.stop();
    for (const stream of streams) {
      stream.stop();
    }
    await withLimit(etcd.close());
    log.info({ queuedFrames: queue.size() }, "The agent has stopped.");
  }

  async function withLimit(closing: Promise<void>): Promise<void> {
    let timer: Timer | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = clock.after(CLOSE_LIMIT_MS, resolve);
    });
    await Promise.race([closing, limit]);
    timer?.cancel();
  }

  return { start, stop };
}

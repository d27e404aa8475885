/** What the agent itself costs, as samples like any other: its cost is part of what it reports. */
import type { Sample } from "../shared/frame.ts";

export interface AgentSamplerOptions {
  readonly intervalMs: number;
  readonly queuedFrames: () => number;
  readonly spoolBytes: () => number;
}

export interface AgentSampler {
  /** Empty but once an interval. */
  sample(monotonicUs: number): readonly Sample[];
}

export function createAgentSampler(options: AgentSamplerOptions): AgentSampler {
  let sampledAtUs = Number.NEGATIVE_INFINITY;

  function sample(monotonicUs: number): readonly Sample[] {
    // Half a second early is this turn still: frames close about once a second.
    if (monotonicUs - sampledAtUs < options.intervalMs * 1000 - 500_000) {
      return [];
    }
    sampledAtUs = monotonicUs;
    const { user, system } = process.cpuUsage();
    return [
      { key: "etcdscope_agent_cpu_seconds_total", value: Math.round((user + system) / 1000) / 1000 },
      { key: "etcdscope_agent_resident_memory_bytes", value: process.memoryUsage.rss() },
      { key: "etcdscope_agent_queue_frames", value: options.queuedFrames() },
      { key: "etcdscope_agent_spool_bytes", value: options.spoolBytes() },
    ];
  }

  return { sample };
}

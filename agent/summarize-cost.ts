/** From measured runs of a probe to what it costs at its cadence. */

export interface CostRun {
  readonly target: string;
  /** Of the process and its children. */
  readonly cpuUs: number;
  /** Through read and write calls: files, pipes and connections alike. */
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** Why the run saw nothing, as a code; empty when it did. */
  readonly problem: string;
  /** For how long the probe wants this target left alone; 0: not at all. */
  readonly restMs: number;
}

export interface ProbeCost {
  readonly probe: string;
  readonly targets: number;
  /** Between two runs of one target, what the probe rests included. */
  readonly everyMs: number;
  /** Means of a run. */
  readonly cpuMs: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** Of one core, over all targets at this cadence; 0.01 is one per cent. */
  readonly share: number;
  /** Codes of the runs that saw nothing, each once. */
  readonly problems: readonly string[];
}

/** There was nothing to look at: no etcd, no other member, nothing that the configuration or a collector asks for. */
const NO_TARGET = "no_target";

export interface CostRuns {
  readonly probe: string;
  readonly intervalMs: number;
  readonly runs: readonly CostRun[];
}

export function summarizeCost({ probe, intervalMs, runs }: CostRuns): ProbeCost {
  const byTarget = Map.groupBy(runs, ({ target }) => target);
  const targets = [...byTarget.values()].map((own) => {
    const restMs = Math.max(0, ...own.map((run) => run.restMs));
    return {
      // A rest ends with the first tick after it.
      everyMs: Math.max(1, Math.ceil(restMs / intervalMs)) * intervalMs,
      cpuMs: mean(own.map(({ cpuUs }) => cpuUs)) / 1000,
    };
  });
  return {
    probe,
    targets: targets.length,
    everyMs: Math.round(mean(targets.map(({ everyMs }) => everyMs))) || intervalMs,
    cpuMs: mean(runs.map(({ cpuUs }) => cpuUs)) / 1000,
    readBytes: Math.round(mean(runs.map(({ readBytes }) => readBytes))),
    writtenBytes: Math.round(mean(runs.map(({ writtenBytes }) => writtenBytes))),
    share: targets.reduce((sum, { everyMs, cpuMs }) => sum + cpuMs / everyMs, 0),
    problems:
      runs.length === 0
        ? [NO_TARGET]
        : [...new Set(runs.map(({ problem }) => problem))].filter((problem) => problem !== "").sort(),
  };
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

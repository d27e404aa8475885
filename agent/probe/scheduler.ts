/** Runs probes as the core decides: one timer, a signal for each run, and every outcome, also a throw, made into data. */
import type { Clock, Timer } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import { Outcome } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { CompletedRun } from "./completed-run.ts";
import type { Observation, Probe, ProbeContext } from "./probe.ts";
import { SchedulerCore } from "./scheduler-core.ts";
import type { SchedulerAction, SchedulerNow } from "./scheduler-core.ts";

export interface SchedulerOptions {
  readonly probes: readonly Probe[];
  readonly intervals: { readonly fastMs: number; readonly normalMs: number; readonly slowMs: number };
  readonly clock: Clock;
  /** In [0, 1): one for each probe but the fast ones, which share the first, so that they share a tick. */
  readonly random: () => number;
  /** What every run is handed, but for its signal and target. */
  readonly context: () => Omit<ProbeContext, "signal" | "target">;
  readonly onRun: (run: CompletedRun) => void;
  readonly onForget: (probe: string, target: string) => void;
}

export interface Scheduler {
  start(): void;
  /** Aborts what is under way. Nothing is reported afterwards. */
  stop(): void;
  /** Runs these probes now. */
  trigger(probes: readonly string[]): void;
  /** Settings have changed. */
  retime(): void;
  /** When it last looked what is due, on the monotonic clock: never longer ago than the shortest interval, whatever probes wait for. */
  lastTickUs(): number;
}

const NOTHING: Observation = {};

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { clock, context, onRun } = options;
  const probes = new Map(options.probes.map((probe) => [probe.name, probe]));
  const core = new SchedulerCore(options.probes.map((probe) => describe(probe)));
  let running: readonly Run[] = [];
  let timer: Timer | undefined;
  let timerAtMs = Number.POSITIVE_INFINITY;
  let isStopped = false;
  let lastTickUs = clock.monotonicUs();

  function describe(probe: Probe): ConstructorParameters<typeof SchedulerCore>[0][number] {
    const { name, cadence, timeLimitMs, timing } = probe;
    const { fastMs } = options.intervals;
    const intervalMs = options.intervals[`${cadence}Ms`];
    return {
      name,
      timeLimitMs,
      intervalMs,
      // The fast ones run together, and the others with one of their ticks: one wake of the machine, one frame.
      phase: cadence === "fast" ? 0.5 : toTick(0.5 + options.random(), intervalMs / fastMs) - 0.5,
      targets: () => targetsOf(probe),
      ...(timing === undefined ? {} : { timing }),
    };
  }

  function targetsOf(probe: Probe): readonly string[] {
    try {
      return probe.targets === undefined ? [""] : probe.targets(context());
    } catch (caught) {
      report({ probe: probe.name, target: "" }, { caught, durationUs: 0 });
      return [];
    }
  }

  function now(): SchedulerNow {
    return { ms: clock.monotonicUs() / 1000, wallMs: clock.nowMs() };
  }

  function tick(): void {
    if (isStopped) {
      return;
    }
    lastTickUs = clock.monotonicUs();
    for (const action of core.tick(now())) {
      perform(action);
    }
    arm();
  }

  /** A timer that rings early costs one look; so it is replaced only by an earlier one. */
  function arm(): void {
    const nextMs = core.nextMs();
    if (isStopped || nextMs >= timerAtMs) {
      return;
    }
    timer?.cancel();
    timerAtMs = nextMs;
    timer = clock.after(Math.max(0, Math.ceil(nextMs - clock.monotonicUs() / 1000)), () => {
      timerAtMs = Number.POSITIVE_INFINITY;
      tick();
    });
  }

  function perform(action: SchedulerAction): void {
    switch (action.kind) {
      case "run":
        void run(action);
        return;
      case "abort": {
        const limitMs = probes.get(action.probe)?.timeLimitMs ?? 0;
        const caught = timedOut(`It did not end within ${limitMs} ms`);
        report(action, { caught, durationUs: limitMs * 1000 });
        running.find((one) => one.number === action.run)?.abort(caught);
        return;
      }
      case "stuck":
        report(action, {
          caught: timedOut(`The run that began ${Math.round(action.forMs / 1000)} s ago has not ended`),
          durationUs: Math.round(action.forMs * 1000),
        });
        return;
      case "forget":
        options.onForget(action.probe, action.target);
        return;
    }
  }

  async function run(action: SchedulerAction & { readonly kind: "run" }): Promise<void> {
    const own = new Run(action, context());
    running = [...running, own];
    const beginUs = clock.monotonicUs();
    let result: RunResult;
    try {
      const observation = await probes.get(action.probe)?.run(own);
      result = { observation: observation ?? NOTHING, durationUs: clock.monotonicUs() - beginUs };
    } catch (caught) {
      result = { caught, durationUs: clock.monotonicUs() - beginUs };
    }
    running = running.filter((one) => one !== own);
    if (core.end(action.run) && !isStopped) {
      report(action, result);
    }
    if (core.isAskedFor(action)) {
      arm();
    }
  }

  function report(what: { readonly probe: string; readonly target: string }, result: RunResult): void {
    const { probe, target } = what;
    const durationUs = Math.round(result.durationUs);
    if ("observation" in result) {
      const { observation } = result;
      onRun({ probe, target, outcome: Outcome.OK, durationUs, errorCode: "", errorText: "", observation });
      trigger(observation.trigger ?? []);
      if (observation.restMs !== undefined) {
        core.rest({ probe, target, forMs: observation.restMs });
      }
      if (observation.againMs !== undefined) {
        core.again({ probe, target, afterMs: observation.againMs }, now());
        arm();
      }
    } else {
      const error = EtcdscopeError.from(result.caught);
      onRun({
        probe,
        target,
        outcome: outcomeOf(error),
        durationUs,
        errorCode: error.reason ?? error.code.toLowerCase(),
        errorText: error.message,
        observation: NOTHING,
      });
    }
  }

  function trigger(names: readonly string[]): void {
    if (names.length > 0 && !isStopped) {
      for (const name of names) {
        core.trigger(name, now());
      }
      arm();
    }
  }

  return {
    start: tick,
    stop: () => {
      isStopped = true;
      timer?.cancel();
      for (const one of running) {
        one.abort(new EtcdscopeError("CANCELLED", "The agent stops"));
      }
    },
    trigger,
    retime: () => {
      core.retime(now());
      arm();
    },
    lastTickUs: () => lastTickUs,
  };
}

/**
 * One run, and what it is handed. A class, since an object with a getter of its own is made property by property, and a dozen are made
 * a second; the signal is made when the probe asks for it, which most runs never do.
 */
class Run implements ProbeContext {
  readonly number: number;
  readonly target: string;
  readonly host: ProbeContext["host"];
  readonly etcd: ProbeContext["etcd"];
  readonly discovered: ProbeContext["discovered"];
  readonly discoveryNote: string;
  readonly isUndecided: boolean;
  readonly clock: Clock;
  #controller: AbortController | undefined;
  #reason: EtcdscopeError | undefined;

  constructor(
    { run, target }: { readonly run: number; readonly target: string },
    {
      host,
      etcd,
      discovered,
      discoveryNote = "",
      isUndecided = false,
      clock,
    }: Omit<ProbeContext, "signal" | "target">,
  ) {
    this.number = run;
    this.target = target;
    this.host = host;
    this.etcd = etcd;
    this.discovered = discovered;
    this.discoveryNote = discoveryNote;
    this.isUndecided = isUndecided;
    this.clock = clock;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) {
        this.#controller.abort(this.#reason);
      }
    }
    return this.#controller.signal;
  }

  abort(reason: EtcdscopeError): void {
    this.#reason ??= reason;
    this.#controller?.abort(reason);
  }
}

/** A share of an interval of so many ticks, as a whole number of ticks. */
function toTick(share: number, ticks: number): number {
  return Math.max(1, Math.round(share * ticks)) / ticks;
}

type RunResult =
  | { readonly observation: Observation; readonly durationUs: number }
  | { readonly caught: unknown; readonly durationUs: number };

function timedOut(sentence: string): EtcdscopeError {
  return new EtcdscopeError("TIMED_OUT", sentence, { reason: "timeout" });
}

/** "Nothing there" is not "failed". */
function outcomeOf(error: EtcdscopeError): Outcome {
  switch (error.code) {
    case "NOT_APPLICABLE":
      return Outcome.SKIPPED;
    case "TIMED_OUT":
      return Outcome.TIMED_OUT;
    default:
      return Outcome.FAILED;
  }
}

/** The last run of each probe and target of a node, with what came before it, in versions, as columns. */
import type { ProbeRunRecord } from "../../shared/frame.ts";
import { Outcome } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { LIMITS } from "../../shared/limits.ts";
import { createKeyPlaces, type KeyPlaces } from "./key-places.ts";
import { runKey, type RunState } from "./node-state.ts";
import { Versioned } from "./versioned.ts";

/** Targets come and go, and an agent chooses them: then all begins anew. */
export const MAX_RUNS = 2 * LIMITS.dictionaryEntries;

/** The times of a run, in this order; NaN: none. */
const TIMES = 4;
const [ENDED, DURATION, LAST_OK, FAILING_SINCE] = [0, 1, 2, 3];

interface Columns {
  readonly places: KeyPlaces;
  /** Probe and target, by place. Shared as the places are. */
  readonly names: { readonly probe: string; readonly target: string }[];
  times: Float64Array;
  /** One more than the outcome; 0: this version has no such run. */
  outcomes: Uint8Array;
  /** Of those that say why: code and text. */
  readonly errors: Map<number, RunError>;
}

interface RunError {
  readonly code: string;
  readonly text: string;
}

export class HeldRuns extends Versioned<Columns> {
  constructor(columns = createColumns()) {
    super(columns);
  }

  get(key: string): RunState | undefined {
    const columns = this.read();
    const place = columns.places.find(key);
    return place === undefined ? undefined : readRun(columns, place);
  }

  /** Those that did not end well: of a healthy node none, or a few of many. */
  *failing(): Iterable<RunState> {
    const columns = this.read();
    for (let place = 0; place < columns.outcomes.length; place += 1) {
      const outcome = (columns.outcomes[place] ?? 0) - 1;
      const run =
        outcome === Outcome.FAILED || outcome === Outcome.TIMED_OUT ? readRun(columns, place) : undefined;
      if (run !== undefined) {
        yield run;
      }
    }
  }

  isEmpty(): boolean {
    return this.read().outcomes.every((outcome) => outcome === 0);
  }

  /** These runs and the newer ones over them. A run that comes again changes nothing. */
  add(runs: readonly ProbeRunRecord[], atMs: number): HeldRuns {
    const isFull = this.read().places.size() + runs.length > MAX_RUNS;
    const columns = isFull ? createColumns() : this.handOn();
    addRuns(columns, runs, atMs);
    return new HeldRuns(columns);
  }

  /** These runs and no others, with what is known of what came before them. */
  replace(runs: readonly ProbeRunRecord[], atMs: number): HeldRuns {
    const known = createColumns();
    for (const { probe, target } of runs) {
      const before = this.get(runKey(probe, target));
      if (before !== undefined) {
        writeRun(known, before);
      }
    }
    addRuns(known, runs, atMs);
    return new HeldRuns(known);
  }

  /** The same, so much later. */
  move(byMs: number): HeldRuns {
    const columns = this.handOn();
    for (let at = 0; at < columns.times.length; at += 1) {
      columns.times[at] = (columns.times[at] ?? Number.NaN) + (at % TIMES === DURATION ? 0 : byMs);
    }
    return new HeldRuns(columns);
  }

  protected copy({ places, names, times, outcomes, errors }: Columns): Columns {
    return {
      places,
      names,
      times: times.slice(),
      outcomes: outcomes.slice(),
      errors: new Map(errors),
    };
  }
}

function createColumns(): Columns {
  return {
    places: createKeyPlaces(),
    names: [],
    times: new Float64Array(0),
    outcomes: new Uint8Array(0),
    errors: new Map(),
  };
}

function readRun({ names, times, outcomes, errors }: Columns, place: number): RunState | undefined {
  const [name, outcome] = [names[place], (outcomes[place] ?? 0) - 1];
  if (name === undefined || outcome < 0) {
    return undefined;
  }
  const at = TIMES * place;
  const error = errors.get(place);
  return {
    probe: name.probe,
    target: name.target,
    outcome,
    endedAtMs: times[at + ENDED] ?? 0,
    durationMs: times[at + DURATION] ?? 0,
    errorCode: error?.code ?? "",
    errorText: error?.text ?? "",
    lastOkAtMs: optional(times[at + LAST_OK]),
    failingSinceMs: optional(times[at + FAILING_SINCE]),
  };
}

function optional(timeMs: number | undefined): number | undefined {
  return timeMs === undefined || Number.isNaN(timeMs) ? undefined : timeMs;
}

function writeRun(columns: Columns, run: RunState): void {
  const place = claimPlace(columns, run.probe, run.target);
  widen(columns);
  const { times, outcomes } = columns;
  times[TIMES * place + ENDED] = run.endedAtMs;
  times[TIMES * place + DURATION] = run.durationMs;
  times[TIMES * place + LAST_OK] = run.lastOkAtMs ?? Number.NaN;
  times[TIMES * place + FAILING_SINCE] = run.failingSinceMs ?? Number.NaN;
  outcomes[place] = run.outcome + 1;
  setError(columns, place, { code: run.errorCode, text: run.errorText });
}

function addRuns(columns: Columns, runs: readonly ProbeRunRecord[], atMs: number): void {
  for (const run of runs) {
    const place = claimPlace(columns, run.probe, run.target);
    widen(columns);
    addRun(columns, { place, run, endedAtMs: atMs - run.ageMs });
  }
}

function addRun(
  columns: Columns,
  {
    place,
    run,
    endedAtMs,
  }: { readonly place: number; readonly run: ProbeRunRecord; readonly endedAtMs: number },
): void {
  const { times, outcomes } = columns;
  const at = TIMES * place;
  const isOk = run.outcome === Outcome.OK;
  const isFailure = run.outcome === Outcome.FAILED || run.outcome === Outcome.TIMED_OUT;
  times[at + ENDED] = endedAtMs;
  times[at + DURATION] = run.durationUs / 1000;
  if (isOk) {
    times[at + LAST_OK] = endedAtMs;
    times[at + FAILING_SINCE] = Number.NaN;
  } else if (isFailure && Number.isNaN(times[at + FAILING_SINCE])) {
    times[at + FAILING_SINCE] = endedAtMs;
  }
  outcomes[place] = run.outcome + 1;
  setError(columns, place, { code: run.errorCode, text: run.errorText });
}

function setError({ errors }: Columns, place: number, error: RunError | undefined): void {
  if (error !== undefined && (error.code !== "" || error.text !== "")) {
    errors.set(place, error);
  } else if (errors.size > 0) {
    errors.delete(place);
  }
}

function claimPlace({ places, names }: Columns, probe: string, target: string): number {
  const place = places.claim(runKey(probe, target));
  names[place] ??= { probe, target };
  return place;
}

/** Room for every place that there is, without runs. Another version may have brought some of them. */
function widen(columns: Columns): void {
  const size = columns.places.size();
  if (columns.outcomes.length < size) {
    const [outcomes, times] = [new Uint8Array(size), new Float64Array(TIMES * size).fill(Number.NaN)];
    outcomes.set(columns.outcomes);
    times.set(columns.times);
    columns.outcomes = outcomes;
    columns.times = times;
  }
}

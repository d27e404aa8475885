/**
 * Decides which probe runs when. Pure: time comes in, actions go out, and the scheduler performs them. So that a stuck
 * probe, a storm of triggers or a machine that slept is a table of cases.
 */
import type { ProbeTiming } from "./probe.ts";

/** What the core needs to know of a probe. */
export interface ScheduledProbe {
  readonly name: string;
  readonly timeLimitMs: number;
  readonly intervalMs: number;
  /** How far into an interval this probe runs, in [0, 1): spreads probes and agents. */
  readonly phase: number;
  readonly timing?: () => ProbeTiming;
  readonly targets: () => readonly string[];
}

/** Milliseconds: monotonic for deciding, wall for probes that keep a phase of it. */
export interface SchedulerNow {
  readonly ms: number;
  readonly wallMs: number;
}

export type SchedulerAction =
  | { readonly kind: "run"; readonly run: number; readonly probe: string; readonly target: string }
  /** Its time is over: tell it so, and record it as timed out. */
  | { readonly kind: "abort"; readonly run: number; readonly probe: string; readonly target: string }
  /** It was due again and still has not come back from `forMs` ago. */
  | { readonly kind: "stuck"; readonly probe: string; readonly target: string; readonly forMs: number }
  /** The target is looked at no more. */
  | { readonly kind: "forget"; readonly probe: string; readonly target: string };

/** At most this many targets a probe: what the probe contract allows. */
const MAX_TARGETS = 32;
/** A run that is triggered begins no sooner after the last one began: two probes that trigger each other stay cheap. */
const TRIGGER_GAP_MS = 200;

interface Target {
  readonly entry: Entry;
  readonly name: string;
  /** Number of the run under way; 0: none. */
  run: number;
  begunMs: number;
  /** When the run under way was told that its time is over; Infinity: it was not. */
  abortedMs: number;
  /** When a trigger asks for a run; Infinity: none does. */
  triggeredMs: number;
  /** Ticks before this time leave it out. */
  restsUntilMs: number;
}

interface Entry {
  readonly probe: ScheduledProbe;
  readonly targets: Map<string, Target>;
  dueMs: number;
  /** When a trigger asks what its targets are now, because it had none; Infinity: none does. */
  askedMs: number;
  isFirst: boolean;
  /** Targets that run: most entries have none, and are passed over. */
  running: number;
  /** A target may be triggered. */
  isTriggered: boolean;
}

export class SchedulerCore {
  readonly #entries: readonly Entry[];
  readonly #byName: ReadonlyMap<string, Entry>;
  /** A list: a table that entries come to and go from a dozen times a second leaves tables that only a full collection frees. */
  readonly #running: Target[] = [];
  #lastRun = 0;

  /** Everything is due at once, but for probes that keep their own time: an agent that starts should know all it can soon. */
  constructor(probes: readonly ScheduledProbe[]) {
    this.#entries = probes.map((probe) => ({
      probe,
      targets: new Map(),
      dueMs: Number.NEGATIVE_INFINITY,
      askedMs: Number.POSITIVE_INFINITY,
      isFirst: true,
      running: 0,
      isTriggered: false,
    }));
    this.#byName = new Map(this.#entries.map((entry) => [entry.probe.name, entry]));
  }

  /** What is due now. */
  tick(now: SchedulerNow): readonly SchedulerAction[] {
    const actions: SchedulerAction[] = [];
    this.#entries.forEach((entry) => {
      this.#expire(entry, now, actions);
      const isDue = entry.dueMs <= now.ms;
      const isAsked = entry.askedMs <= now.ms;
      if ((isDue && !(entry.isFirst && entry.probe.timing !== undefined)) || isAsked) {
        entry.askedMs = Number.POSITIVE_INFINITY;
        this.#beginDue(entry, now, actions);
      }
      if (isDue) {
        this.#setNextDue(entry, now);
      }
      // Also after a tick, which may have left out what is asked for.
      this.#beginTriggered(entry, now, actions);
    });
    return actions;
  }

  /** A run has come back. False when its result comes too late to be used. */
  end(run: number): boolean {
    const target = this.#leave(run);
    if (target === undefined) {
      return false;
    }
    target.entry.running -= 1;
    target.run = 0;
    const inTime = target.abortedMs === Number.POSITIVE_INFINITY;
    target.abortedMs = Number.POSITIVE_INFINITY;
    return inTime;
  }

  /** Whether a run of this target has been asked for, which may be sooner than what nextMs() was before. */
  isAskedFor({ probe, target }: { readonly probe: string; readonly target: string }): boolean {
    return (
      (this.#byName.get(probe)?.targets.get(target)?.triggeredMs ?? Number.POSITIVE_INFINITY) <
      Number.POSITIVE_INFINITY
    );
  }

  /**
   * Asks for a run of every target of a probe; one that is running runs once more when it has come back. A probe that had
   * no target is asked for them: what triggers it may be what it waited for.
   */
  trigger(probe: string, now: SchedulerNow): void {
    const entry = this.#byName.get(probe);
    if (entry !== undefined && entry.targets.size === 0 && !entry.isFirst) {
      entry.askedMs = Math.min(entry.askedMs, now.ms);
    }
    for (const target of entry?.targets.values() ?? []) {
      target.entry.isTriggered = true;
      target.triggeredMs = Math.min(target.triggeredMs, Math.max(now.ms, target.begunMs + TRIGGER_GAP_MS));
    }
  }

  /** Asks for one more run of one target, sooner than it is due. */
  again(
    what: { readonly probe: string; readonly target: string; readonly afterMs: number },
    now: SchedulerNow,
  ): void {
    const target = this.#byName.get(what.probe)?.targets.get(what.target);
    if (target !== undefined) {
      const soonestMs = target.begunMs + TRIGGER_GAP_MS;
      target.entry.isTriggered = true;
      target.triggeredMs = Math.min(target.triggeredMs, Math.max(now.ms + what.afterMs, soonestMs));
    }
  }

  /** Leaves one target out of the ticks for so long, counted from its last beginning. */
  rest(what: { readonly probe: string; readonly target: string; readonly forMs: number }): void {
    const target = this.#byName.get(what.probe)?.targets.get(what.target);
    if (target !== undefined) {
      target.restsUntilMs = target.begunMs + what.forMs;
    }
  }

  /** Settings have changed: probes that keep their own time are asked for it again. */
  retime(now: SchedulerNow): void {
    for (const entry of this.#entries) {
      if (entry.probe.timing !== undefined && !entry.isFirst) {
        this.#setNextDue(entry, now);
      }
    }
  }

  /** When tick is to be called next, on the monotonic clock. */
  nextMs(): number {
    let next = Number.POSITIVE_INFINITY;
    // Not for-of: without an optimizing compiler each of its steps is an object, several hundred a second.
    this.#entries.forEach((entry) => {
      next = Math.min(next, entry.dueMs, entry.askedMs);
      if (entry.running > 0 || entry.isTriggered) {
        next = Math.min(next, nextOfTargets(entry));
      }
    });
    return next;
  }

  #expire(entry: Entry, now: SchedulerNow, actions: SchedulerAction[]): void {
    if (entry.running === 0) {
      return;
    }
    const { name: probe, timeLimitMs } = entry.probe;
    for (const target of entry.targets.values()) {
      const isLate = target.run !== 0 && now.ms - target.begunMs >= timeLimitMs;
      if (isLate && target.abortedMs === Number.POSITIVE_INFINITY) {
        target.abortedMs = now.ms;
        actions.push({ kind: "abort", run: target.run, probe, target: target.name });
      }
    }
  }

  #beginDue(entry: Entry, now: SchedulerNow, actions: SchedulerAction[]): void {
    const probe = entry.probe.name;
    const names = new Set(entry.probe.targets().slice(0, MAX_TARGETS));
    for (const name of entry.targets.keys()) {
      if (!names.has(name)) {
        this.#forget(entry, name, actions);
      }
    }
    for (const name of names) {
      const target = entry.targets.get(name) ?? newTarget(entry, name);
      entry.targets.set(name, target);
      if (target.run === 0) {
        if (target.restsUntilMs <= now.ms) {
          this.#begin(entry, { target, now, actions });
        }
      } else if (target.abortedMs < now.ms) {
        actions.push({ kind: "stuck", probe, target: name, forMs: now.ms - target.begunMs });
      }
    }
  }

  /** A run of it that is under way is left to end; its result is then dropped. */
  #forget(entry: Entry, name: string, actions: SchedulerAction[]): void {
    const run = entry.targets.get(name)?.run ?? 0;
    entry.targets.delete(name);
    entry.running -= this.#leave(run) === undefined ? 0 : 1;
    actions.push({ kind: "forget", probe: entry.probe.name, target: name });
  }

  #leave(run: number): Target | undefined {
    const place = this.#running.findIndex((target) => target.run === run);
    return place === -1 ? undefined : this.#running.splice(place, 1)[0];
  }

  #beginTriggered(entry: Entry, now: SchedulerNow, actions: SchedulerAction[]): void {
    if (!entry.isTriggered) {
      return;
    }
    entry.isTriggered = false;
    for (const target of entry.targets.values()) {
      if (target.run === 0 && target.triggeredMs <= now.ms) {
        this.#begin(entry, { target, now, actions });
      }
      entry.isTriggered ||= target.triggeredMs < Number.POSITIVE_INFINITY;
    }
  }

  #begin(entry: Entry, what: { target: Target; now: SchedulerNow; actions: SchedulerAction[] }): void {
    const { target, now, actions } = what;
    this.#lastRun += 1;
    target.run = this.#lastRun;
    entry.running += 1;
    target.begunMs = now.ms;
    target.abortedMs = Number.POSITIVE_INFINITY;
    target.triggeredMs = Number.POSITIVE_INFINITY;
    target.restsUntilMs = Number.NEGATIVE_INFINITY;
    this.#running.push(target);
    actions.push({ kind: "run", run: target.run, probe: entry.probe.name, target: target.name });
  }

  #setNextDue(entry: Entry, now: SchedulerNow): void {
    const { intervalMs, phase, timing } = entry.probe;
    if (timing !== undefined) {
      const own = timing();
      const leftMs = own.intervalMs - modulo(now.wallMs - own.phaseMs, own.intervalMs);
      // A timer may ring a little before the wall clock is there: that is this turn still, not the next one.
      entry.dueMs = now.ms + leftMs + (leftMs < own.intervalMs / 10 ? own.intervalMs : 0);
    } else if (entry.isFirst) {
      // The second run comes within half to one and a half intervals, and from there on one an interval.
      entry.dueMs = now.ms + intervalMs * (0.5 + phase);
    } else {
      // After a pause of the machine or the agent: no burst of what was missed.
      const missed = Math.floor((now.ms - entry.dueMs) / intervalMs);
      entry.dueMs += intervalMs * (missed + 1);
    }
    entry.isFirst = false;
  }
}

/** When a run of one of its targets is too late, or a triggered one may begin. */
function nextOfTargets({ targets, probe }: Entry): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { run, abortedMs, begunMs, triggeredMs } of targets.values()) {
    if (run === 0) {
      next = Math.min(next, triggeredMs);
    } else if (abortedMs === Number.POSITIVE_INFINITY) {
      next = Math.min(next, begunMs + probe.timeLimitMs);
    }
  }
  return next;
}

function newTarget(entry: Entry, name: string): Target {
  return {
    entry,
    name,
    run: 0,
    begunMs: Number.NEGATIVE_INFINITY,
    abortedMs: Number.POSITIVE_INFINITY,
    triggeredMs: Number.POSITIVE_INFINITY,
    restsUntilMs: Number.NEGATIVE_INFINITY,
  };
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}

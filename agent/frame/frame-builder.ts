/**
 * Turns what probes saw into frames: keeps the facts in force, sends those that changed, and decides what is urgent.
 * Pure: it reads no clock and sends nothing, so that what is in which frame is a table of cases.
 */
import { create, equals } from "@bufbuild/protobuf";

import type { Frame, ProbeRunRecord, Sample } from "../../shared/frame.ts";
import { FactSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Event, Fact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { Outcome } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { roughen } from "../../shared/rough-number.ts";
import type { CompletedRun } from "../probe/completed-run.ts";

/** When a frame is closed, on both clocks. */
export interface FrameMoment {
  readonly nowMs: number;
  readonly monotonicUs: number;
}

/** Bodies whose change is a change of state: it is not kept for the next tick. */
const URGENT_BODIES = new Set<string | undefined>([
  "process",
  "status",
  "link",
  "alarms",
  "memberList",
  "start",
  "lastWords",
]);

/** A keyframe at least this often: a reader of the history folds at most two of these. */
const KEYFRAME_EVERY_MS = 60_000;

/** Well within the wire's limits of 2000; a node that holds more facts than this is not one that the agent knows. */
const MAX_FACTS = 1500;
/** Between two frames. The newest beyond it are counted, not kept. */
const MAX_EVENTS = 1000;
const MAX_RUNS = 1000;

interface FactInForce {
  readonly fact: Fact;
  /** Probe and target that it came from. */
  readonly owner: string;
}

/** Without what the run saw: kept until the next one, it would outlive the young generation, and be dear to collect. */
interface EndedRun {
  readonly record: ProbeRunRecord;
  readonly endedAtUs: number;
}

export class FrameBuilder {
  #sequence = 0n;
  #keyframeWanted = true;
  #lastKeyframeUs = Number.NEGATIVE_INFINITY;
  #leftOutTotal = 0;
  readonly #inForce = new Map<string, FactInForce>();
  readonly #lastRuns = new Map<string, EndedRun>();
  #samples = new Map<string, number>();
  #changed = new Map<string, Fact>();
  readonly #events: Event[] = [];
  readonly #runs: EndedRun[] = [];

  /** Events, facts and runs that had no room, since the start. */
  get leftOutTotal(): number {
    return this.#leftOutTotal;
  }

  /** Takes in one run. True when it changed the state, so that the frame should be closed at once. */
  observe(run: CompletedRun, monotonicUs: number): boolean {
    const { observation } = run;
    const owner = ownerOf(run.probe, run.target);
    const last = this.#lastRuns.get(owner)?.record;
    let isUrgent = last === undefined || last.outcome !== run.outcome || last.errorCode !== run.errorCode;
    const ended = { record: recordRun(run), endedAtUs: monotonicUs };
    this.#lastRuns.set(owner, ended);
    this.#keep(this.#runs, ended, MAX_RUNS);
    this.addSamples(observation.samples ?? []);
    for (const fact of observation.facts ?? []) {
      isUrgent = this.#hold(fact, owner) || isUrgent;
    }
    for (const key of observation.removedFacts ?? []) {
      isUrgent = this.#drop(key) || isUrgent;
    }
    for (const event of observation.events ?? []) {
      this.#keep(this.#events, event, MAX_EVENTS);
      isUrgent = true;
    }
    return isUrgent;
  }

  /** Values of the frame's time; of two values of one series the later one is kept. */
  addSamples(samples: readonly Sample[]): void {
    for (const { key, value } of samples) {
      this.#samples.set(key, value);
    }
  }

  /** A target that is looked at no more takes its facts with it. True when one of them was a matter of state. */
  removeTarget(probe: string, target: string): boolean {
    const owner = ownerOf(probe, target);
    this.#lastRuns.delete(owner);
    let isUrgent = false;
    for (const [key, held] of this.#inForce) {
      if (held.owner === owner) {
        isUrgent = this.#drop(key) || isUrgent;
      }
    }
    return isUrgent;
  }

  /** The next frame holds everything in force: a new stream has begun. */
  requestKeyframe(): void {
    this.#keyframeWanted = true;
  }

  /** Everything since the last frame, as the next one. */
  close(moment: FrameMoment): Frame {
    const { nowMs, monotonicUs } = moment;
    const keyframe = this.#keyframeWanted || monotonicUs - this.#lastKeyframeUs >= KEYFRAME_EVERY_MS * 1000;
    if (keyframe) {
      this.#keyframeWanted = false;
      this.#lastKeyframeUs = monotonicUs;
    }
    this.#sequence += 1n;
    const frame: Frame = {
      sequence: this.#sequence,
      capturedAtMs: nowMs,
      // to the millisecond, as the wall clock is
      monotonicUs: 1000 * Math.round(monotonicUs / 1000),
      keyframe,
      samples: Array.from(this.#samples, ([key, value]) => ({ key, value })),
      facts: keyframe ? Array.from(this.#inForce.values(), ({ fact }) => fact) : [...this.#changed.values()],
      events: [...this.#events],
      probeRuns: this.#recordRuns(keyframe, monotonicUs),
      // These two differ by collector: whoever reads the queue for one fills them in.
      droppedTotal: 0n,
      clockOffset: undefined,
    };
    // Not cleared: a table that is cleared again and again leaves its former ones to the next full collection.
    this.#samples = new Map();
    this.#changed = new Map();
    this.#events.length = 0;
    this.#runs.length = 0;
    return frame;
  }

  #recordRuns(keyframe: boolean, monotonicUs: number): ProbeRunRecord[] {
    const records = this.#runs.map(({ record }) => record);
    if (keyframe) {
      const fresh = new Set(this.#runs);
      for (const ended of this.#lastRuns.values()) {
        if (!fresh.has(ended)) {
          const ageMs = Math.round((monotonicUs - ended.endedAtUs) / 1000);
          records.push({ ...ended.record, ageMs });
        }
      }
    }
    return records;
  }

  /** True when the fact is a matter of state and differs from the one in force. */
  #hold(fact: Fact, owner: string): boolean {
    const before = this.#inForce.get(fact.key);
    if (before === undefined && this.#inForce.size >= MAX_FACTS) {
      this.#leftOutTotal += 1;
      return false;
    }
    if (before !== undefined && (before.fact === fact || equals(FactSchema, before.fact, fact))) {
      return false;
    }
    this.#inForce.set(fact.key, { fact, owner });
    this.#changed.set(fact.key, fact);
    return URGENT_BODIES.has(fact.body.case);
  }

  #drop(key: string): boolean {
    const before = this.#inForce.get(key);
    if (before === undefined) {
      return false;
    }
    this.#inForce.delete(key);
    this.#changed.set(key, create(FactSchema, { key, removed: true }));
    return URGENT_BODIES.has(before.fact.body.case);
  }

  #keep<T>(list: T[], item: T, limit: number): void {
    if (list.length < limit) {
      list.push(item);
    } else {
      this.#leftOutTotal += 1;
    }
  }
}

function ownerOf(probe: string, target: string): string {
  return `${probe}\0${target}`;
}

function recordRun(run: CompletedRun): ProbeRunRecord {
  const { probe, target, outcome, errorCode, errorText } = run;
  const durationUs = outcome === Outcome.OK ? tellDuration(run.durationUs) : run.durationUs;
  return { probe, target, outcome, durationUs, errorCode, errorText, ageMs: 0 };
}

/**
 * How long a run took that went well matters by its order of magnitude: in begun milliseconds, above 32 of them within 3 %. It
 * would take more room in the history than the samples do.
 */
function tellDuration(durationUs: number): number {
  return 1000 * roughen(Math.ceil(durationUs / 1000));
}

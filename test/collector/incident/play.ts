/** A scenario's world played through diagnosis and incidents, second by second, with restarts of the collector. */
import type { Evaluation } from "../../../collector/diagnosis/evaluate.ts";
import { evaluate } from "../../../collector/diagnosis/evaluate.ts";
import { DEFAULT_THRESHOLDS } from "../../../collector/diagnosis/thresholds.ts";
import { EMPTY_TRACKER, restoreTracker, type Tracker } from "../../../collector/diagnosis/track.ts";
import {
  NO_INCIDENTS,
  stepIncidents,
  type IncidentAction,
  type IncidentState,
} from "../../../collector/incident/incident-core.ts";
import { lookAt } from "../../../collector/incident/look-at.ts";
import { noteFrame } from "../../../collector/incident/note-frame.ts";
import { foldCluster } from "../../../collector/view/fold.ts";
import type { ClusterFrames } from "../../../collector/view/node-state.ts";
import type { IncidentRecord } from "../../../shared/incident-record.ts";
import type { Note } from "../../../shared/note.ts";
import type { Finding } from "../../../shared/rest.ts";
import { COMMANDS } from "../../scenario/commands.ts";
import { START_MS, World } from "../../scenario/world.ts";

export class Play {
  readonly world = new World();
  readonly actions: IncidentAction[] = [];
  readonly notes = new Map<string, Note>();
  readonly findings = new Map<string, Finding>();
  frames: ClusterFrames = { cluster: "prod-a", nodes: new Map() };
  tracker: Tracker = EMPTY_TRACKER;
  state: IncidentState = NO_INCIDENTS;
  last: Evaluation | undefined;

  constructor(...commands: readonly string[]) {
    this.run(20, "voters m1 m2 m3", ...commands);
  }

  /** The commands, then so many seconds. */
  run(seconds: number, ...commands: readonly string[]): this {
    for (const line of commands) {
      const [name = "", ...args] = line.split(" ");
      COMMANDS[name]?.(this.world, args);
    }
    for (let second = 0; second < seconds; second += 1) {
      this.tick();
    }
    return this;
  }

  private tick(): void {
    for (const received of this.world.tick()) {
      const before = this.frames.nodes.get(received.agent.node);
      this.frames = foldCluster(this.frames, received);
      const after = this.frames.nodes.get(received.agent.node);
      for (const note of after === undefined ? [] : noteFrame(before, after, received.frame)) {
        this.notes.set(note.id, note);
      }
    }
    const evaluation = evaluate(this.frames, this.tracker, {
      nowMs: this.world.nowMs,
      thresholds: DEFAULT_THRESHOLDS,
      expectedVoters: undefined,
      collectorStartedAtMs: START_MS - 60_000,
    });
    this.tracker = evaluation.tracker;
    this.last = evaluation;
    const step = stepIncidents(this.state, lookAt(evaluation));
    this.state = step.state;
    this.actions.push(...step.actions);
    for (const finding of [...evaluation.state.findings, ...evaluation.resolved]) {
      this.findings.set(finding.id, finding);
    }
    this.world.nowMs += 1000;
  }

  /** As after `kill -9`: what was written, as JSON, is all there is. `isWritten` false: the last incident was not. */
  restart(isWritten = true): this {
    const active = [...(this.last?.state.findings ?? [])];
    this.tracker = restoreTracker(JSON.parse(JSON.stringify(active)) as Finding[]);
    this.state = isWritten ? (JSON.parse(JSON.stringify(this.state)) as IncidentState) : NO_INCIDENTS;
    return this;
  }

  only(): IncidentRecord {
    const [first, ...others] = this.state.incidents;
    if (first === undefined || others.length > 0) {
      throw new Error(`Expected one incident, got ${JSON.stringify(this.state.incidents)}`);
    }
    return first;
  }

  kinds(): readonly string[] {
    return this.actions.filter(({ kind }) => kind !== "updated").map(({ kind }) => kind);
  }
}

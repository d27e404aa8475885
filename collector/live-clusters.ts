/**
 * The clusters as they are now: folds frames as they arrive and evaluates soon after. Apart from ingest, which must not
 * wait for a diagnosis, and from diagnosis, which is pure and knows no timers.
 */
import type { Clock, Timer } from "../shared/clock.ts";
import type { AgentIdentity, Frame, ReceivedFrame } from "../shared/frame.ts";
import type { Logger } from "../shared/log-line.ts";
import type { ClusterSummary, Finding } from "../shared/rest.ts";
import { evaluate, summarize, type EvaluateOptions, type Evaluation } from "./diagnosis/evaluate.ts";
import type { Thresholds } from "./diagnosis/thresholds.ts";
import { EMPTY_TRACKER, moveTracker, restoreTracker, type Tracker } from "./diagnosis/track.ts";
import { isNews, LOOK_EVERY_MS, NEWS_AFTER_MS } from "./is-news.ts";
import type { CollectorTrouble } from "./view/cluster-view.ts";
import { foldCluster, foldStream } from "./view/fold.ts";
import { moveCluster } from "./view/move-times.ts";
import type { ClusterFrames, NodeState } from "./view/node-state.ts";

export interface LiveClustersOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly thresholds: Thresholds;
  readonly expectedVoters: (cluster: string) => number | undefined;
  /** After each frame that was folded into its node. */
  readonly onFolded?: (before: NodeState | undefined, after: NodeState, frame: Frame) => void;
  /** What keeps this collector from recording, now. */
  readonly collectorTroubles: () => readonly CollectorTrouble[];
  /** After each evaluation. */
  readonly onEvaluated: (cluster: string, evaluation: Evaluation) => void;
  /** Before each look. */
  readonly beforeLook?: () => void;
}

export interface LiveClusters {
  /** What the history knows, before start(). */
  restore(frames: readonly ReceivedFrame[], active: ReadonlyMap<string, readonly Finding[]>): void;
  start(): void;
  stop(): void;
  addFrames(frames: readonly ReceivedFrame[]): void;
  setStream(agent: AgentIdentity, isOpen: boolean): void;
  /** The wall clock was set by so much. */
  moveTimes(byMs: number): void;
  /** Whether it has been judged. */
  has(cluster: string): boolean;
  find(cluster: string): Evaluation | undefined;
  /** Worst first, then by name. */
  summaries(): readonly ClusterSummary[];
}

interface LiveCluster {
  frames: ClusterFrames;
  tracker: Tracker;
  /** What the last look was made of; undefined before the first. */
  look: Look | undefined;
  /** Of the last look; undefined where it is not kept, until somebody asks. */
  evaluation: Evaluation | undefined;
  summary: ClusterSummary | undefined;
  evaluatedAtMs: number;
}

interface Look {
  readonly frames: ClusterFrames;
  readonly tracker: Tracker;
  readonly options: EvaluateOptions;
}

/** With so many clusters that looks would take too long, quiet ones are looked at less often, but this often. */
const LOOK_AT_LEAST_EVERY_MS = 5000;
/** Looks without news take no more of the event loop than this: with more clusters each has its turn less often. */
const LOOK_SHARE = 0.3;
/** Of evaluating in one go: then frames and acknowledgements have their turn. */
const TURN_MS = 20;
const PAUSE_MS = 5;
const TICK_MS = 250;
/** A collector that is told more names than this has a misconfigured, or hostile, agent. */
const MAX_CLUSTERS = 10_000;
const MAX_NODES_A_CLUSTER = 64;
/** With more clusters, what a look came to is not kept but made again, the same, for who asks: it is most of what a cluster takes. */
const MAX_KEPT_EVALUATIONS = 100;

const VERDICT_ORDER = ["quorum-lost", "no-leader", "at-risk", "unknown", "degraded", "healthy"];

export function createLiveClusters(options: LiveClustersOptions): LiveClusters {
  const { clock, log } = options;
  const clusters = new Map<string, LiveCluster>();
  let startedAtMs = clock.nowMs();
  const toldProblems = new Set<string>();
  /** Those of which there is news. */
  const due = new Map<string, LiveCluster>();
  /** Those whose turn without news is still to come in this round. */
  let round: string[] = [];
  /** Of one evaluation, lately. */
  let costMs = 0;
  let soon: Timer | undefined;
  let tick: Timer | undefined;
  let refused = 0;

  function claim(name: string, node: string): LiveCluster | undefined {
    const known = clusters.get(name);
    const isFull =
      known === undefined
        ? clusters.size >= MAX_CLUSTERS
        : !known.frames.nodes.has(node) && known.frames.nodes.size >= MAX_NODES_A_CLUSTER;
    if (isFull) {
      refused += 1;
      if (refused === 1) {
        log.error({ cluster: name, node }, "Too many clusters or nodes: frames are kept but not diagnosed.");
      }
      return undefined;
    }
    if (known !== undefined) {
      return known;
    }
    const fresh: LiveCluster = {
      frames: { cluster: name, nodes: new Map() },
      tracker: EMPTY_TRACKER,
      look: undefined,
      evaluation: undefined,
      summary: undefined,
      evaluatedAtMs: 0,
    };
    clusters.set(name, fresh);
    due.set(name, fresh);
    return fresh;
  }

  function addFrames(frames: readonly ReceivedFrame[]): void {
    for (const received of frames) {
      const live = claim(received.agent.cluster, received.agent.node);
      if (live !== undefined) {
        const { node } = received.agent;
        const before = live.frames.nodes.get(node);
        live.frames = foldCluster(live.frames, received);
        const after = live.frames.nodes.get(node);
        if (after !== undefined) {
          options.onFolded?.(before, after, received.frame);
        }
        // What was kept for long is no news, unless the node was not known at all.
        const isNewest = before?.sequence !== after?.sequence || before?.instanceId !== after?.instanceId;
        if (isNewest && isNews(before, after, received.frame)) {
          due.set(received.agent.cluster, live);
        }
        if (due.size > 0) {
          soon ??= clock.after(NEWS_AFTER_MS, evaluateDue);
        }
      }
    }
  }

  /** What there is news of, then the others in turn, for as long as one turn may take. */
  function evaluateDue(): void {
    soon = undefined;
    options.beforeLook?.();
    const nowMs = clock.nowMs();
    const endUs = clock.monotonicUs() + TURN_MS * 1000;
    for (const [name, live] of due) {
      due.delete(name);
      evaluateOne(name, live, nowMs);
      if (clock.monotonicUs() > endUs) {
        break;
      }
    }
    const everyMs = Math.min(
      LOOK_AT_LEAST_EVERY_MS,
      Math.max(LOOK_EVERY_MS, (clusters.size * costMs) / LOOK_SHARE),
    );
    round = round.length > 0 ? round : [...clusters.keys()];
    for (let name = round.pop(); name !== undefined; name = round.pop()) {
      const live = clusters.get(name);
      // The wall clock may step back: then, too, it is time to look.
      if (live !== undefined && Math.abs(nowMs - live.evaluatedAtMs) >= everyMs) {
        evaluateOne(name, live, nowMs);
      }
      if (clock.monotonicUs() > endUs) {
        break;
      }
    }
    if (due.size > 0 || round.length > 0) {
      soon = clock.after(PAUSE_MS, evaluateDue);
    }
  }

  function evaluateOne(name: string, live: LiveCluster, nowMs: number): void {
    live.evaluatedAtMs = nowMs;
    const beginUs = clock.monotonicUs();
    live.look = {
      frames: live.frames,
      tracker: live.tracker,
      options: {
        nowMs,
        thresholds: options.thresholds,
        expectedVoters: options.expectedVoters(name),
        collectorStartedAtMs: startedAtMs,
        collectorTroubles: options.collectorTroubles(),
      },
    };
    const evaluation = evaluateLook(live.look);
    live.tracker = evaluation.tracker;
    live.evaluation = clusters.size > MAX_KEPT_EVALUATIONS ? undefined : evaluation;
    live.summary = summarize(evaluation.state);
    for (const problem of evaluation.problems) {
      const told = `${name}/${problem.code}`;
      if (!toldProblems.has(told) && toldProblems.size < MAX_CLUSTERS) {
        toldProblems.add(told);
        log.error(
          { cluster: name, rule: problem.code, error: problem.cause },
          "Rule failed; the other rules stand.",
        );
      }
    }
    options.onEvaluated(name, evaluation);
    costMs += ((clock.monotonicUs() - beginUs) / 1000 - costMs) / 64;
  }

  function scheduleTick(): void {
    tick = clock.after(TICK_MS, () => {
      try {
        soon?.cancel();
        evaluateDue();
      } catch (error) {
        log.error({ error }, "Evaluation failed; trying again.");
      }
      scheduleTick();
    });
  }

  return {
    restore(frames, active) {
      for (const [name, findings] of active) {
        const live = claim(name, "");
        if (live !== undefined) {
          live.tracker = restoreTracker(findings, clock.nowMs());
        }
      }
      addFrames(frames);
    },
    start() {
      evaluateDue();
      scheduleTick();
    },
    stop() {
      soon?.cancel();
      tick?.cancel();
    },
    addFrames,
    setStream(agent, isOpen) {
      const live = clusters.get(agent.cluster);
      const node = live?.frames.nodes.get(agent.node);
      if (live !== undefined && node !== undefined) {
        live.frames = {
          cluster: agent.cluster,
          nodes: new Map(live.frames.nodes).set(agent.node, foldStream(node, isOpen)),
        };
      }
    },
    moveTimes(byMs) {
      startedAtMs += byMs;
      for (const live of clusters.values()) {
        live.frames = moveCluster(live.frames, byMs);
        live.tracker = moveTracker(live.tracker, byMs);
      }
    },
    has: (cluster) => clusters.get(cluster)?.look !== undefined,
    find: (cluster) => {
      const live = clusters.get(cluster);
      if (live?.look !== undefined) {
        live.evaluation ??= evaluateLook(live.look);
      }
      return live?.evaluation;
    },
    summaries: () =>
      [...clusters.values()]
        .flatMap(({ summary }) => (summary === undefined ? [] : [summary]))
        .sort(
          (one, other) =>
            VERDICT_ORDER.indexOf(one.verdict) - VERDICT_ORDER.indexOf(other.verdict) ||
            (one.name < other.name ? -1 : 1),
        ),
  };
}

function evaluateLook({ frames, tracker, options }: Look): Evaluation {
  return evaluate(frames, tracker, options);
}

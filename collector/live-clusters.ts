/**
 * The clusters as they are now: folds frames as they arrive and evaluates soon after. Apart from ingest, which must not
 * wait for a diagnosis, and from diagnosis, which is pure and knows no timers.
 */
import type { Clock, Timer } from "../shared/clock.ts";
import type { AgentIdentity, Frame, ReceivedFrame } from "../shared/frame.ts";
import type { Logger } from "../shared/log-line.ts";
import type { ClusterSummary, Finding } from "../shared/rest.ts";
import { evaluate, summarize, type Evaluation } from "./diagnosis/evaluate.ts";
import type { Thresholds } from "./diagnosis/thresholds.ts";
import { EMPTY_TRACKER, moveTracker, restoreTracker, type Tracker } from "./diagnosis/track.ts";
import { isNews, NEWS_AFTER_MS } from "./is-news.ts";
import { hasFallenSilent, lookEveryMs, type LookLoad } from "./look-schedule.ts";
import type { CollectorTrouble } from "./view/cluster-view.ts";
import { foldCluster, foldStream, keepCluster } from "./view/fold.ts";
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
  /** How long agents hold frames without news: so much later they are taken for silent. Not at all when absent. */
  readonly holdMs?: () => number;
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
  /** Of the last look; undefined where it is not kept, until somebody asks. */
  evaluation: Evaluation | undefined;
  /** undefined before the first look. */
  summary: ClusterSummary | undefined;
  evaluatedAtMs: number;
}

/** Of evaluating in one go: then frames and acknowledgements have their turn. */
const TURN_MS = 20;
const PAUSE_MS = 5;
const TICK_MS = 250;
/** A collector that is told more names than this has a misconfigured, or hostile, agent. */
const MAX_CLUSTERS = 10_000;
const MAX_NODES_A_CLUSTER = 64;
/** With more clusters, what a look came to is not kept: it is most of what a cluster takes. Who asks gets a new one, which is kept until the next. */
const MAX_KEPT_EVALUATIONS = 100;

const VERDICT_ORDER = ["quorum-lost", "no-leader", "at-risk", "unknown", "degraded", "healthy"];

export function createLiveClusters(options: LiveClustersOptions): LiveClusters {
  const { clock, log } = options;
  const clusters = new Map<string, LiveCluster>();
  let startedAtMs = clock.nowMs();
  let patience = options.thresholds;
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

  /** What there is news of, then the rest of the round, for as long as one turn may take. */
  function evaluateDue(): void {
    soon = undefined;
    options.beforeLook?.();
    adjustPatience();
    const nowMs = clock.nowMs();
    const endUs = clock.monotonicUs() + TURN_MS * 1000;
    for (const [name, live] of due) {
      due.delete(name);
      evaluateOne(name, live, nowMs);
      if (clock.monotonicUs() > endUs) {
        break;
      }
    }
    const load = { clusters: clusters.size, costMs };
    for (let name = round.pop(); name !== undefined; name = round.pop()) {
      const live = clusters.get(name);
      if (live !== undefined && isDue(live, { load, nowMs })) {
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

  function adjustPatience(): void {
    const { thresholds, holdMs } = options;
    const agentSilentMs = thresholds.agentSilentMs + (holdMs?.() ?? 0);
    if (agentSilentMs !== patience.agentSilentMs) {
      patience = { ...thresholds, agentSilentMs };
    }
  }

  function isDue(
    { frames, tracker, evaluatedAtMs }: LiveCluster,
    { load, nowMs }: { readonly load: LookLoad; readonly nowMs: number },
  ): boolean {
    // The wall clock may step back: then, too, it is time to look.
    return (
      Math.abs(nowMs - evaluatedAtMs) >= lookEveryMs(load, tracker) ||
      hasFallenSilent(frames, {
        silentAfterMs: patience.agentSilentMs,
        lookedAtMs: evaluatedAtMs,
        nowMs,
      })
    );
  }

  function evaluateOne(name: string, live: LiveCluster, nowMs: number): Evaluation {
    live.evaluatedAtMs = nowMs;
    const beginUs = clock.monotonicUs();
    const evaluation = evaluate(live.frames, live.tracker, {
      nowMs,
      thresholds: patience,
      expectedVoters: options.expectedVoters(name),
      collectorStartedAtMs: startedAtMs,
      collectorTroubles: options.collectorTroubles(),
    });
    live.tracker = evaluation.tracker;
    live.evaluation = undefined;
    if (clusters.size <= MAX_KEPT_EVALUATIONS) {
      keep(live, evaluation);
    }
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
    return evaluation;
  }

  function evaluateInTurn(): void {
    if (round.length === 0) {
      round = [...clusters.keys()];
    }
    evaluateDue();
  }

  function scheduleTick(): void {
    tick = clock.after(TICK_MS, () => {
      try {
        soon?.cancel();
        evaluateInTurn();
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
      evaluateInTurn();
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
    has: (cluster) => clusters.get(cluster)?.summary !== undefined,
    find: (cluster) => {
      const live = clusters.get(cluster);
      if (live?.summary !== undefined && live.evaluation === undefined) {
        keep(live, evaluateOne(cluster, live, clock.nowMs()));
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

/** Who gets it reads on in the state of its nodes, also when the next frames have come. */
function keep(live: LiveCluster, evaluation: Evaluation): void {
  live.evaluation = evaluation;
  keepCluster(live.frames);
}

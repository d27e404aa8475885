/**
 * The clusters as they are now: folds frames as they arrive and evaluates soon after. Apart from ingest, which must not
 * wait for a diagnosis, and from diagnosis, which is pure and knows no timers.
 */
import type { Clock, Timer } from "../shared/clock.ts";
import type { AgentIdentity, Frame, ReceivedFrame } from "../shared/frame.ts";
import { Outcome } from "../shared/gen/etcdscope/v1/stream_pb.js";
import type { Logger } from "../shared/log-line.ts";
import type { ClusterSummary, Finding } from "../shared/rest.ts";
import { evaluate, summarize, type Evaluation } from "./diagnosis/evaluate.ts";
import type { Thresholds } from "./diagnosis/thresholds.ts";
import { EMPTY_TRACKER, restoreTracker, type Tracker } from "./diagnosis/track.ts";
import type { CollectorTrouble } from "./view/cluster-view.ts";
import { foldCluster, foldStream } from "./view/fold.ts";
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
}

export interface LiveClusters {
  /** What the history knows, before start(). */
  restore(frames: readonly ReceivedFrame[], active: ReadonlyMap<string, readonly Finding[]>): void;
  start(): void;
  stop(): void;
  addFrames(frames: readonly ReceivedFrame[]): void;
  setStream(agent: AgentIdentity, isOpen: boolean): void;
  find(cluster: string): Evaluation | undefined;
  /** Worst first, then by name. */
  summaries(): readonly ClusterSummary[];
}

interface LiveCluster {
  frames: ClusterFrames;
  tracker: Tracker;
  evaluation: Evaluation | undefined;
  evaluatedAtMs: number;
  isDue: boolean;
}

/** News is evaluated after this: the frames of one event come from several agents within a few milliseconds. */
const NEWS_AFTER_MS = 25;
/** Without news each cluster is looked at this often: silence is news that nobody sends. */
const LOOK_EVERY_MS = 1000;
const TICK_MS = 250;
/** A collector that is told more names than this has a misconfigured, or hostile, agent. */
const MAX_CLUSTERS = 10_000;
const MAX_NODES_A_CLUSTER = 64;

const VERDICT_ORDER = ["quorum-lost", "no-leader", "at-risk", "unknown", "degraded", "healthy"];

export function createLiveClusters(options: LiveClustersOptions): LiveClusters {
  const { clock, log } = options;
  const clusters = new Map<string, LiveCluster>();
  const startedAtMs = clock.nowMs();
  const toldProblems = new Set<string>();
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
      evaluatedAtMs: 0,
      isDue: true,
    };
    clusters.set(name, fresh);
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
        live.isDue ||= isNewest && isNews(received.frame);
        if (live.isDue) {
          soon ??= clock.after(NEWS_AFTER_MS, evaluateDue);
        }
      }
    }
  }

  function evaluateDue(): void {
    soon = undefined;
    const nowMs = clock.nowMs();
    for (const [name, live] of clusters) {
      // The wall clock may step back: then, too, it is time to look.
      if (live.isDue || Math.abs(nowMs - live.evaluatedAtMs) >= LOOK_EVERY_MS) {
        evaluateOne(name, live, nowMs);
      }
    }
  }

  function evaluateOne(name: string, live: LiveCluster, nowMs: number): void {
    live.isDue = false;
    live.evaluatedAtMs = nowMs;
    const evaluation = evaluate(live.frames, live.tracker, {
      nowMs,
      thresholds: options.thresholds,
      expectedVoters: options.expectedVoters(name),
      collectorStartedAtMs: startedAtMs,
      collectorTroubles: options.collectorTroubles(),
    });
    live.tracker = evaluation.tracker;
    live.evaluation = evaluation;
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
  }

  function scheduleTick(): void {
    tick = clock.after(TICK_MS, () => {
      try {
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
          live.tracker = restoreTracker(findings);
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
    find: (cluster) => clusters.get(cluster)?.evaluation,
    summaries: () =>
      [...clusters.values()]
        .flatMap(({ evaluation }) => (evaluation === undefined ? [] : [summarize(evaluation.state)]))
        .sort(
          (one, other) =>
            VERDICT_ORDER.indexOf(one.verdict) - VERDICT_ORDER.indexOf(other.verdict) ||
            (one.name < other.name ? -1 : 1),
        ),
  };
}

/** Something changed on the node; what merely goes on is looked at once a second. */
function isNews(frame: Frame): boolean {
  return (
    frame.events.length > 0 ||
    frame.facts.length > 0 ||
    frame.probeRuns.some(({ outcome }) => outcome !== Outcome.OK && outcome !== Outcome.SKIPPED)
  );
}

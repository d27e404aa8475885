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
import { endAll, forgetGone, makeRoom, withoutNodes, type Forgotten } from "./forget-nodes.ts";
import { isNews, NEWS_AFTER_MS } from "./is-news.ts";
import { hasFallenSilent, lookEveryMs, type LookLoad } from "./look-schedule.ts";
import { createTellOnce } from "./tell-once.ts";
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
  /** A node that was not heard for longer is gone, and so is a cluster without nodes. Never when absent. */
  readonly forgottenAfterMs?: number;
  /** Its name is not known any more. */
  readonly onForgotten?: (agent: AgentIdentity) => void;
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
  /** What it judges by now: where agents hold their frames, silence begins so much later. */
  thresholds(): Thresholds;
}

interface LiveCluster {
  frames: ClusterFrames;
  tracker: Tracker;
  /** Of the last look; undefined where it is not kept, until somebody asks. */
  evaluation: Evaluation | undefined;
  /** undefined before the first look. */
  summary: ClusterSummary | undefined;
  evaluatedAtMs: number;
  /** When its name was first heard, by the monotonic clock. */
  readonly sinceUs: number;
}

/** Of evaluating in one go: then frames and acknowledgements have their turn. */
const TURN_MS = 20;
const PAUSE_MS = 5;
const TICK_MS = 250;
/** A collector that is told more names than this has a misconfigured, or hostile, agent. */
const MAX_CLUSTERS = 10_000;
const MAX_NODES_A_CLUSTER = 64;
const FORGET_EVERY_MS = 60_000;
/** With more clusters, what a look came to is not kept: it is most of what a cluster takes. Who asks gets a new one, which is kept until the next. */
const MAX_KEPT_EVALUATIONS = 100;

const VERDICT_ORDER = ["quorum-lost", "no-leader", "at-risk", "unknown", "degraded", "healthy"];

export function createLiveClusters(options: LiveClustersOptions): LiveClusters {
  const { clock, log } = options;
  const clusters = new Map<string, LiveCluster>();
  let startedAtMs = clock.nowMs();
  let patience = options.thresholds;
  const tellOnce = createTellOnce(MAX_CLUSTERS);
  /** Those of which there is news. */
  const due = new Map<string, LiveCluster>();
  /** Those whose turn without news is still to come in this round. */
  let round: string[] = [];
  /** Of one evaluation, lately. */
  let costMs = 0;
  let soon: Timer | undefined;
  let tick: Timer | undefined;
  let refused = 0;
  let forgotAtUs = clock.monotonicUs();

  function claim(name: string, node: string): LiveCluster | undefined {
    const known = clusters.get(name);
    if (known === undefined ? clusters.size >= MAX_CLUSTERS : !hasPlace(known, node)) {
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
      sinceUs: clock.monotonicUs(),
    };
    clusters.set(name, fresh);
    due.set(name, fresh);
    return fresh;
  }

  function hasPlace(live: LiveCluster, node: string): boolean {
    if (live.frames.nodes.has(node) || live.frames.nodes.size < MAX_NODES_A_CLUSTER) {
      return true;
    }
    const forgotten = makeRoom(live.frames, clock.nowMs());
    forget(live, forgotten);
    return forgotten.nodes.length > 0;
  }

  function forget(live: LiveCluster, { frames, nodes }: Forgotten): void {
    live.frames = frames;
    for (const node of nodes) {
      log.info({ cluster: frames.cluster, node }, "Node was not heard for long and is forgotten.");
      options.onForgotten?.({ cluster: frames.cluster, node });
    }
  }

  function addFrames(frames: readonly ReceivedFrame[]): void {
    for (const received of frames) {
      const live = claim(received.agent.cluster, received.agent.node);
      if (live !== undefined) {
        addFrame(live, received);
      }
    }
    if (due.size > 0) {
      soon ??= clock.after(NEWS_AFTER_MS, evaluateDue);
    }
  }

  function addFrame(live: LiveCluster, received: ReceivedFrame): void {
    const { cluster, node } = received.agent;
    const before = live.frames.nodes.get(node);
    try {
      live.frames = foldCluster(live.frames, received);
    } catch (error) {
      // half of it may have been folded in: the node's next keyframe makes it anew
      live.frames = withoutNodes(live.frames, [node]);
      tellOnce(`${cluster}/${node}`, () =>
        log.error({ cluster, node, error }, "A frame could not be folded: its node begins anew."),
      );
      return;
    }
    const after = live.frames.nodes.get(node);
    if (after !== undefined) {
      options.onFolded?.(before, after, received.frame);
    }
    // What was kept for long is no news, unless the node was not known at all.
    const isNewest = before?.sequence !== after?.sequence || before?.instanceId !== after?.instanceId;
    if (isNewest && isNews(before, after, received.frame)) {
      due.set(cluster, live);
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
      tryToEvaluate(name, live, nowMs);
      if (clock.monotonicUs() > endUs) {
        break;
      }
    }
    const load = { clusters: clusters.size, costMs };
    for (let name = round.pop(); name !== undefined; name = round.pop()) {
      const live = clusters.get(name);
      if (live !== undefined && isDue(live, { load, nowMs })) {
        tryToEvaluate(name, live, nowMs);
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

  /** One cluster that cannot be looked at must not keep the others from it. */
  function tryToEvaluate(name: string, live: LiveCluster, nowMs: number): void {
    try {
      evaluateOne(name, live, nowMs);
    } catch (error) {
      tellOnce(name, () => log.error({ cluster: name, error }, "Evaluation failed; trying again."));
    }
  }

  function optionsOf(name: string, nowMs: number): EvaluateOptions {
    return {
      nowMs,
      thresholds: patience,
      expectedVoters: options.expectedVoters(name),
      collectorStartedAtMs: startedAtMs,
      collectorTroubles: options.collectorTroubles(),
    };
  }

  function evaluateOne(name: string, live: LiveCluster, nowMs: number): Evaluation {
    live.evaluatedAtMs = nowMs;
    const beginUs = clock.monotonicUs();
    const evaluation = evaluate(live.frames, live.tracker, optionsOf(name, nowMs));
    live.tracker = evaluation.tracker;
    live.evaluation = undefined;
    if (clusters.size <= MAX_KEPT_EVALUATIONS) {
      keep(live, evaluation);
    }
    live.summary = summarize(evaluation.state);
    for (const { code, cause } of evaluation.problems) {
      tellOnce(`${name}/${code}`, () =>
        log.error({ cluster: name, rule: code, error: cause }, "Rule failed; the other rules stand."),
      );
    }
    options.onEvaluated(name, evaluation);
    costMs += ((clock.monotonicUs() - beginUs) / 1000 - costMs) / 64;
    return evaluation;
  }

  function evaluateInTurn(): void {
    if (round.length === 0) {
      round = [...clusters.keys()];
    }
    if (clock.monotonicUs() - forgotAtUs >= FORGET_EVERY_MS * 1000) {
      forgotAtUs = clock.monotonicUs();
      forgetOld(clock.nowMs());
    }
    evaluateDue();
  }

  function forgetOld(nowMs: number): void {
    const afterMs = options.forgottenAfterMs ?? Infinity;
    for (const [name, live] of clusters) {
      const forgotten = forgetGone(live.frames, { afterMs, nowMs });
      forget(live, forgotten);
      // One that the history only knew by its findings may still be read from there, or speak.
      const isOld = clock.monotonicUs() - live.sinceUs > afterMs * 1000;
      if (live.frames.nodes.size === 0 && (forgotten.nodes.length > 0 || isOld)) {
        endCluster(name, live, nowMs);
      }
    }
  }

  /** Nobody speaks for it any more: what was active of it is over. */
  function endCluster(name: string, live: LiveCluster, nowMs: number): void {
    const last = evaluate(live.frames, live.tracker, optionsOf(name, nowMs));
    options.onEvaluated(name, endAll(last, live.tracker));
    clusters.delete(name);
    due.delete(name);
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
    thresholds: () => {
      adjustPatience();
      return patience;
    },
  };
}

/** Who gets it reads on in the state of its nodes, also when the next frames have come. */
function keep(live: LiveCluster, evaluation: Evaluation): void {
  live.evaluation = evaluation;
  keepCluster(live.frames);
}

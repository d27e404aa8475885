/** The view as it was when the last collector ended, from the history. Without it the agents' next keyframes make it anew. */
import type { Clock, Timer } from "../shared/clock.ts";
import type { Logger } from "../shared/log-line.ts";
import type { HistoryDoor, LastFrame } from "./history/history-door.ts";
import { REOPEN_WITHIN_MS } from "./incident/incident-core.ts";
import type { IncidentWatch } from "./incident-watch.ts";
import type { LiveClusters } from "./live-clusters.ts";
import { LOOK_BACK_MS } from "./past-window.ts";

export interface RestoreOptions {
  readonly history: Pick<
    HistoryDoor,
    "framesSince" | "activeFindings" | "recentIncidents" | "lastFrames" | "frames"
  >;
  readonly live: Pick<LiveClusters, "restore" | "addFrames">;
  readonly incidents: Pick<IncidentWatch, "restore">;
  readonly clock: Clock;
  readonly log: Logger;
  /** A cluster that was not heard for longer is not listed any more. */
  readonly forgottenAfterMs: number;
}

/** Of nodes that fell silent those that were heard last are looked up, one after the other. */
const MAX_SILENT = 1500;
/** A start does not wait longer for them; findings of those that are there at the first look go on as they were. */
const SILENT_LIMIT_MS = 3000;

/** What was recorded lately. Never rejects. */
export async function restoreState(options: RestoreOptions): Promise<void> {
  const { history, live, incidents, clock, log } = options;
  try {
    const nowMs = clock.nowMs();
    const [frames, active, recent] = await Promise.all([
      history.framesSince(nowMs - LOOK_BACK_MS),
      history.activeFindings(),
      history.recentIncidents(nowMs - REOPEN_WITHIN_MS),
    ]);
    incidents.restore(recent, nowMs);
    // A clock that was set back since: what came in the time that is still to come is not the newest.
    live.restore(
      frames.filter(({ receivedAtMs }) => receivedAtMs <= nowMs),
      active,
    );
  } catch (error) {
    log.warn({ error }, "The last state could not be read from the history; the agents will bring it.");
  }
}

/**
 * Nodes whose agents were gone before that, of clusters with and without others: as they were last seen, so that they are listed, as silent. Resolves when all are
 * there, or after a while: the rest comes beside all else, since what agents bring meanwhile is newer. Never rejects.
 */
export async function restoreSilent(options: RestoreOptions): Promise<void> {
  let timer: Timer | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = options.clock.after(SILENT_LIMIT_MS, resolve);
  });
  await Promise.race([readSilent(options), limit]);
  timer?.cancel();
}

interface SilentNodes {
  readonly cluster: string;
  readonly nodes: Set<string>;
  /** Their newest frames, the oldest and the newest of these. */
  fromMs: number;
  readonly toMs: number;
}

/** Those of a cluster that fell silent at about the same time are read in one go. */
function groupSilent(newestFirst: readonly LastFrame[]): readonly SilentNodes[] {
  const groups: SilentNodes[] = [];
  const open = new Map<string, SilentNodes>();
  for (const { cluster, node, atMs } of newestFirst) {
    let group = open.get(cluster);
    if (group === undefined || atMs < group.toMs - LOOK_BACK_MS) {
      group = { cluster, nodes: new Set(), fromMs: atMs, toMs: atMs };
      open.set(cluster, group);
      groups.push(group);
    }
    group.nodes.add(node);
    group.fromMs = atMs;
  }
  return groups;
}

async function readSilent(options: RestoreOptions): Promise<void> {
  const { history, live, clock, log } = options;
  try {
    const nowMs = clock.nowMs();
    const silent = (await history.lastFrames())
      .filter(({ atMs }) => atMs < nowMs - LOOK_BACK_MS && atMs > nowMs - options.forgottenAfterMs)
      .toSorted((one, other) => other.atMs - one.atMs)
      .slice(0, MAX_SILENT);
    for (const { cluster, nodes, fromMs, toMs } of groupSilent(silent)) {
      const frames = await history.frames(cluster, fromMs - LOOK_BACK_MS, toMs + 1);
      live.addFrames(
        frames.filter(({ agent, receivedAtMs }) => nodes.has(agent.node) && receivedAtMs <= nowMs),
      );
    }
  } catch (error) {
    log.warn({ error }, "Nodes whose agents are gone could not be read from the history and are not listed.");
  }
}

/**
 * Carries what changes from the diagnosis to those who listen. An event is put into bytes once for all of them; the whole
 * state only where somebody listens to that cluster.
 */
import type { Clock, Timer } from "../../../shared/clock.ts";
import { formatTimestamp } from "../../../shared/parse-timestamp.ts";
import type { ClusterState, ClusterSummary } from "../../../shared/rest.ts";
import { createEventJournal, type JournalEntry } from "./event-journal.ts";
import { formatEvent, identifyEvent } from "./format-event.ts";
import { fingerprintState, tellChanges, type ClusterLook, type Told } from "./tell-changes.ts";

export interface EventHub {
  /** After each evaluation of a cluster. */
  observe(look: ClusterLook): void;
  /** What a client gets when it comes. `cluster` undefined: all clusters. */
  greet(cluster: string | undefined, lastEventId: string | undefined): readonly Buffer[];
  /** false from `send`: the listener is gone. Returns how to stop; undefined: too many listen. */
  listen(listener: EventListener): (() => void) | undefined;
  counters(): EventHubCounters;
  /** Ends every stream. */
  close(): void;
}

export interface EventListener {
  /** undefined: all clusters. */
  readonly cluster: string | undefined;
  send(block: Buffer, nowMs: number): boolean;
  end(): void;
}

export interface EventHubCounters {
  readonly listening: number;
  /** Cut off as they took too little of what came. */
  readonly droppedTotal: number;
  readonly refusedTotal: number;
}

export const MAX_LISTENERS = 1024;
export const HEARTBEAT_MS = 5_000;
/** A state that is news waits this long after the one before; in a storm nobody reads more. */
const STATE_GAP_MS = 200;
/** Where only numbers have moved. */
const STATE_REFRESH_MS = 5_000;

interface Heard {
  told: Told;
  summary: ClusterSummary;
  readonly listeners: Set<EventListener>;
  /** The state that was sent last. */
  sentAtMs: number;
  sentPrint: string;
  /** Of the last look, once somebody asked. */
  block: Buffer | undefined;
}

const UNHEARD = { sentAtMs: 0, sentPrint: "", block: undefined } as const;

export interface EventHubOptions {
  readonly clock: Clock;
  /** With the incident that is open, of a cluster that has been judged. Kept elsewhere: most of thousands nobody listens to. */
  readonly stateOf: (cluster: string) => ClusterState | undefined;
}

export function createEventHub({ clock, stateOf }: EventHubOptions): EventHub {
  const journal = createEventJournal(clock.nowMs().toString(36));
  const clusters = new Map<string, Heard>();
  /** Those who listen to a cluster that has not been judged yet are refused, so each has its place in one of these. */
  const ofAll = new Set<EventListener>();
  let listening = 0;
  let droppedTotal = 0;
  let refusedTotal = 0;
  let fleetBlock: Buffer | undefined;
  let heartbeat: Timer | undefined;

  function remove(listener: EventListener): void {
    const set = listener.cluster === undefined ? ofAll : clusters.get(listener.cluster)?.listeners;
    if (set?.delete(listener) === true) {
      listening -= 1;
    }
    if (listening === 0) {
      heartbeat?.cancel();
      heartbeat = undefined;
    }
  }

  function send(listeners: ReadonlySet<EventListener>, block: Buffer): void {
    const nowMs = clock.nowMs();
    for (const listener of listeners) {
      if (!listener.send(block, nowMs)) {
        droppedTotal += 1;
        remove(listener);
      }
    }
  }

  function scheduleHeartbeat(): void {
    heartbeat ??= clock.after(HEARTBEAT_MS, () => {
      heartbeat = undefined;
      const block = formatEvent({ name: "heartbeat", data: { at: formatTimestamp(clock.nowMs()) } });
      send(ofAll, block);
      for (const { listeners } of clusters.values()) {
        send(listeners, block);
      }
      if (listening > 0) {
        scheduleHeartbeat();
      }
    });
  }

  function stateBlock(heard: Heard, state: ClusterState): Buffer {
    heard.block ??= formatEvent({ name: "state", data: state });
    return identifyEvent(heard.block, journal.newestId());
  }

  function sendState(heard: Heard, state: ClusterState): void {
    if (heard.listeners.size === 0) {
      return;
    }
    const sinceMs = Math.abs(clock.nowMs() - heard.sentAtMs);
    if (sinceMs < STATE_GAP_MS) {
      return;
    }
    const print = fingerprintState(state);
    if (print !== heard.sentPrint || sinceMs >= STATE_REFRESH_MS) {
      heard.sentAtMs = clock.nowMs();
      heard.sentPrint = print;
      send(heard.listeners, stateBlock(heard, state));
    }
  }

  function greetAll(): Buffer {
    fleetBlock ??= formatEvent({
      name: "clusters",
      data: { clusters: [...clusters.values()].map(({ summary }) => summary) },
    });
    return identifyEvent(fleetBlock, journal.newestId());
  }

  function concerns(cluster: string | undefined, entry: JournalEntry): boolean {
    return cluster === undefined ? entry.name === "incident" : entry.cluster === cluster;
  }

  return {
    observe(look) {
      const cluster = look.state.cluster;
      const before = clusters.get(cluster);
      const { told, findings, incidents, summary, isSummaryNews } = tellChanges(before?.told, look);
      const heard: Heard = before ?? { ...UNHEARD, told, summary, listeners: new Set() };
      clusters.set(cluster, heard);
      Object.assign(heard, { told, summary, block: undefined });
      for (const data of findings) {
        const block = formatEvent({ name: "finding", data });
        send(heard.listeners, journal.append({ cluster, name: "finding", block }).block);
      }
      for (const data of incidents) {
        const block = formatEvent({ name: "incident", data });
        const entry = journal.append({ cluster, name: "incident", block });
        send(heard.listeners, entry.block);
        send(ofAll, entry.block);
      }
      if (isSummaryNews) {
        fleetBlock = undefined;
        send(ofAll, identifyEvent(formatEvent({ name: "cluster", data: summary }), journal.newestId()));
      }
      sendState(heard, look.state);
    },
    greet(cluster, lastEventId) {
      // Before anything is read here: to answer, a look may be made, and what it finds is observed.
      const state = cluster === undefined ? undefined : stateOf(cluster);
      const heard = state === undefined ? undefined : clusters.get(state.cluster);
      const missed = lastEventId === undefined ? undefined : journal.since(lastEventId);
      const hello = formatEvent({
        name: "hello",
        data: {
          at: formatTimestamp(clock.nowMs()),
          heartbeatMs: HEARTBEAT_MS,
          resumed: lastEventId === undefined ? null : missed !== undefined,
        },
      });
      const blocks = (missed ?? []).filter((entry) => concerns(cluster, entry)).map(({ block }) => block);
      return [
        hello,
        ...blocks,
        ...(cluster === undefined ? [greetAll()] : []),
        ...(heard !== undefined && state !== undefined ? [stateBlock(heard, state)] : []),
      ];
    },
    listen(listener) {
      const set = listener.cluster === undefined ? ofAll : clusters.get(listener.cluster)?.listeners;
      if (set === undefined || listening >= MAX_LISTENERS) {
        refusedTotal += 1;
        return undefined;
      }
      set.add(listener);
      listening += 1;
      scheduleHeartbeat();
      return () => remove(listener);
    },
    counters: () => ({ listening, droppedTotal, refusedTotal }),
    close() {
      for (const set of [ofAll, ...[...clusters.values()].map(({ listeners }) => listeners)]) {
        for (const listener of set) {
          remove(listener);
          listener.end();
        }
      }
    },
  };
}

/** Stories told of one watched cluster: started once for all of a describe, each story skipped by name where it cannot be. */
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, it } from "vitest";
import type { ClusterState, MemberState } from "../../shared/rest.ts";
import type { EtcdMember } from "../lab/etcd-member.ts";
import { describeState, listRootCauses } from "../lab/stack.ts";
import { startWatchedCluster, type WatchedCluster, type WatchedClusterOptions } from "./watched-cluster.ts";

/** What a change of state must be found within. */
const SEEN_WITHIN_MS = 5_000;
const STARTS_WITHIN_MS = 120_000;
const STORY_LIMIT_MS = 120_000;
const LOOK_EVERY_MS = 250;

export interface Watch {
  readonly watched: () => WatchedCluster | undefined;
  readonly because: () => string;
}

/** A cluster for the stories of one describe. */
export function watch(options: WatchedClusterOptions): Watch {
  let watched: WatchedCluster | undefined;
  let because = "";
  beforeAll(async () => {
    const started = await startWatchedCluster(options);
    if (started.kind === "available") {
      watched = started;
    } else {
      because = started.because;
    }
  }, STARTS_WITHIN_MS);
  afterAll(async () => await watched?.stop(), STARTS_WITHIN_MS);
  return { watched: () => watched, because: () => because };
}

/** `skip` ends the story with the reason why it cannot be told on this machine. */
export type Tell = (on: WatchedCluster, skip: (because: string) => void) => Promise<void>;

export function story(name: string, { watched, because }: Watch, tell: Tell): void {
  it(name, { timeout: STORY_LIMIT_MS, concurrent: false }, async (context) => {
    const on = watched();
    if (on === undefined) {
      context.skip(because());
      return;
    }
    try {
      await tell(on, (why) => context.skip(why));
    } catch (error) {
      await context.annotate(["The causes that were told:", ...(firstTold.get(on) ?? [])].join("\n"));
      // What this story left broken must not be the next one's failure; whether it heals is not what failed here.
      await stopWatching(on);
      await on.waitQuiet().catch(() => undefined);
      throw error;
    }
    await stopWatching(on);
    firstTold.delete(on);
  });
}

/** Waits for what must be seen within 5 s; the time starts at the call. */
export async function seen(
  on: WatchedCluster,
  what: string,
  predicate: (state: ClusterState) => boolean,
): Promise<ClusterState> {
  return (await on.stack.waitFor(what, predicate, { timeoutMs: SEEN_WITHIN_MS })).state;
}

export function stateOf(state: ClusterState, name: string): MemberState | undefined {
  return state.members.find((member) => member.name === name)?.state;
}

export async function followersOf(on: WatchedCluster): Promise<readonly [EtcdMember, EtcdMember]> {
  const [one, other] = await on.etcd.followers();
  if (one === undefined || other === undefined) {
    throw new Error("Expected the healthy cluster to have two followers");
  }
  return [one, other];
}

export interface Watching<T> {
  /** What was seen until now. */
  stop(): Promise<T>;
}

/** Watches that a story which failed has left running, by their cluster. */
const running = new WeakMap<WatchedCluster, Set<() => Promise<void>>>();

async function stopWatching(on: WatchedCluster): Promise<void> {
  await Promise.allSettled([...(running.get(on) ?? [])].map(async (stop) => await stop()));
  running.delete(on);
}

/** Looks four times a second, so that what is told only while something breaks or heals is not missed. */
export function watchStates<T>(
  on: WatchedCluster,
  look: (state: ClusterState) => void,
  result: () => T,
): Watching<T> {
  let isStopped = false;
  async function watchUntilStopped(): Promise<void> {
    while (!isStopped) {
      look(await on.stack.state());
      await delay(LOOK_EVERY_MS);
    }
  }
  const watched = watchUntilStopped();
  // A look that fails is told by stop().
  watched.catch(() => undefined);
  async function end(): Promise<void> {
    isStopped = true;
    await watched;
  }
  running.set(on, (running.get(on) ?? new Set()).add(end));
  return {
    stop: async () => {
      await end();
      return result();
    },
  };
}

/** Of the causes of the story that is told: when and beside what each was told first. A story that fails shows it. */
const firstTold = new WeakMap<WatchedCluster, string[]>();

/** Every root cause that is told at any look, "CODE name", sorted. */
export function watchCauses(on: WatchedCluster): Watching<readonly string[]> {
  const told = new Set<string>();
  const notes: string[] = [];
  firstTold.set(on, notes);
  function look(state: ClusterState): void {
    for (const cause of listRootCauses(state)) {
      if (!told.has(cause)) {
        told.add(cause);
        notes.push(`${state.at} ${cause}; ${describeState(state)}`, ...describeCauses(state));
      }
    }
  }
  return watchStates(on, look, () => [...told].sort());
}

function describeCauses({ findings }: ClusterState): readonly string[] {
  return findings
    .filter(({ rootCause }) => rootCause)
    .map(({ code, since, lastSeen, detail }) => `  ${code} from ${since} to ${lastSeen}: ${detail.en}`);
}

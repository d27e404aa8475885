/** Stories told of one watched cluster: started once for all of a describe, each story skipped by name where it cannot be. */
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, it } from "vitest";
import type { ClusterState, MemberState } from "../../shared/rest.ts";
import type { EtcdMember } from "../lab/etcd-member.ts";
import { listRootCauses } from "../lab/stack.ts";
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
    await tell(on, (why) => context.skip(why));
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

export interface CauseWatch {
  /** Every root cause that was told at any look, "CODE name", sorted. */
  stop(): Promise<readonly string[]>;
}

/** Looks four times a second, so that a cause that is told only while something breaks or heals is not missed. */
export function watchCauses(on: WatchedCluster): CauseWatch {
  const told = new Set<string>();
  let isStopped = false;
  async function look(): Promise<void> {
    while (!isStopped) {
      listRootCauses(await on.stack.state()).forEach((cause) => told.add(cause));
      await delay(LOOK_EVERY_MS);
    }
  }
  const looked = look();
  return {
    stop: async () => {
      isStopped = true;
      await looked;
      return [...told].sort();
    },
  };
}

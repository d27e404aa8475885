/**
 * What is told while a majority dies and comes back: at every look only the members that were killed are the cause, and
 * nobody is said to serve without a majority.
 */
import { isDeepStrictEqual } from "node:util";
import { describe, expect } from "vitest";
import type { EtcdVersion } from "../lab/etcd-binaries.ts";
import type { EtcdMember } from "../lab/etcd-member.ts";
import { describeState, listRootCauses } from "../lab/stack.ts";
import {
  followersOf,
  seen,
  stateOf,
  story,
  watch,
  watchCauses,
  watchStates,
  type Watching,
} from "./story.ts";
import type { WatchedCluster } from "./watched-cluster.ts";

const VERSIONS: readonly EtcdVersion[] = ["3.4", "3.5"];
const FOUND_WITHIN_MS = 15_000;

/** Looks that say "no majority" and that a member serves all the same. */
function watchContradictions(on: WatchedCluster): Watching<readonly string[]> {
  const found: string[] = [];
  return watchStates(
    on,
    (state) => {
      if (state.verdict === "quorum-lost" && state.members.some((member) => member.state === "serving")) {
        found.push(describeState(state));
      }
    },
    () => found,
  );
}

/** A fault, how it is healed, and what alone may be called its cause. */
interface Fault {
  readonly name: string;
  readonly strike: (
    on: WatchedCluster,
    leader: EtcdMember,
    follower: EtcdMember,
  ) => Promise<readonly string[]>;
  /** The links of a cut are missed one after the other: until the last is, each may look like the cause. */
  readonly isSeenInParts: boolean;
  readonly heal: (on: WatchedCluster) => Promise<void>;
}

async function startAll(on: WatchedCluster): Promise<void> {
  await Promise.all(on.etcd.members.map(async (member) => await member.start()));
}

async function cutOff(on: WatchedCluster, victim: EtcdMember): Promise<readonly string[]> {
  const others = on.etcd.members.map(({ name }) => name).filter((name) => name !== victim.name);
  await on.network.partition(victim.name, others);
  return [`PARTITION ${on.stack.cluster}`];
}

async function healAll(on: WatchedCluster): Promise<void> {
  for (const { name } of on.etcd.members) {
    await on.network.heal(name);
  }
}

const FAULTS: readonly Fault[] = [
  {
    name: "a leader that is killed",
    strike: async (_, leader) => {
      await leader.kill("SIGKILL");
      return [`MEMBER_DOWN ${leader.name}`];
    },
    isSeenInParts: false,
    heal: startAll,
  },
  {
    name: "a leader that is stopped",
    strike: async (_, leader) => {
      leader.stop();
      return await Promise.resolve([`PROCESS_STOPPED ${leader.name}`]);
    },
    isSeenInParts: false,
    heal: async (on) => {
      on.etcd.members.forEach((member) => member.cont());
      await Promise.resolve();
    },
  },
  {
    name: "a follower that is cut off",
    strike: async (on, _, follower) => await cutOff(on, follower),
    isSeenInParts: true,
    heal: healAll,
  },
  {
    name: "a leader that is cut off",
    strike: async (on, leader) => await cutOff(on, leader),
    isSeenInParts: true,
    heal: healAll,
  },
];

describe.concurrent("test/integration/healing", () => {
  for (const version of VERSIONS) {
    describe(`on etcd ${version}`, () => {
      const watched = watch({ version });

      story("names the killed members alone, from the first look to the last", watched, async (on) => {
        const leader = await on.etcd.leader();
        const [follower, survivor] = await followersOf(on);
        if (leader === undefined) {
          throw new Error("Expected the healthy cluster to have a leader");
        }
        const causes = watchCauses(on);
        const contradictions = watchContradictions(on);
        await Promise.all([leader.kill("SIGKILL"), follower.kill("SIGKILL")]);
        try {
          const lost = await seen(on, "the quorum is lost", (state) => state.verdict === "quorum-lost");
          expect(stateOf(lost, survivor.name)).toBe("no-quorum");
          await seen(on, "no leader is told", (state) =>
            state.findings.some(({ code }) => code === "NO_LEADER"),
          );
        } finally {
          await startAll(on);
        }
        await on.stack.waitFor("it heals", (state) => state.verdict === "healthy", { timeoutMs: 60_000 });
        await on.waitQuiet();
        const names = [leader.name, follower.name].sort();
        expect(await causes.stop()).toEqual(names.map((name) => `MEMBER_DOWN ${name}`));
        expect(await contradictions.stop()).toEqual([]);
      });

      for (const fault of FAULTS) {
        story(`names the cause alone of ${fault.name}`, watched, async (on) => {
          const leader = await on.etcd.leader();
          const [follower] = await followersOf(on);
          if (leader === undefined) {
            throw new Error("Expected the healthy cluster to have a leader");
          }
          const begin = fault.isSeenInParts ? undefined : watchCauses(on);
          const expected = await fault.strike(on, leader, follower);
          let causes = begin;
          try {
            await on.stack.waitFor(
              `${expected.join()} alone is the cause, and another leads if need be`,
              (state) =>
                state.verdict === "at-risk" &&
                state.leader !== null &&
                isDeepStrictEqual(listRootCauses(state), expected),
              { timeoutMs: FOUND_WITHIN_MS },
            );
            causes ??= watchCauses(on);
          } finally {
            await fault.heal(on);
          }
          await on.waitQuiet();
          expect(await causes.stop()).toEqual(expected);
        });
      }
    });
  }
});

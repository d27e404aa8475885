/**
 * What is told while a majority dies and comes back: at every look only the members that were killed are the cause, and
 * nobody is said to serve without a majority.
 */
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect } from "vitest";
import type { EtcdVersion } from "../lab/etcd-binaries.ts";
import { describeState } from "../lab/stack.ts";
import { followersOf, seen, stateOf, story, watch, watchCauses } from "./story.ts";
import type { WatchedCluster } from "./watched-cluster.ts";

const VERSIONS: readonly EtcdVersion[] = ["3.4", "3.5"];
const LOOK_EVERY_MS = 200;

/** Looks that say "no majority" and that a member serves all the same; until stopped. */
function watchContradictions(on: WatchedCluster): { stop(): Promise<readonly string[]> } {
  const found: string[] = [];
  let isStopped = false;
  async function look(): Promise<void> {
    while (!isStopped) {
      const state = await on.stack.state();
      if (state.verdict === "quorum-lost" && state.members.some((member) => member.state === "serving")) {
        found.push(describeState(state));
      }
      await delay(LOOK_EVERY_MS);
    }
  }
  const looked = look();
  return {
    stop: async () => {
      isStopped = true;
      await looked;
      return found;
    },
  };
}

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
        const lost = await seen(on, "the quorum is lost", (state) => state.verdict === "quorum-lost");
        expect(stateOf(lost, survivor.name)).toBe("no-quorum");
        await seen(on, "no leader is told", (state) =>
          state.findings.some(({ code }) => code === "NO_LEADER"),
        );
        await Promise.all([leader.start(), follower.start()]);
        await on.stack.waitFor("it heals", (state) => state.verdict === "healthy", { timeoutMs: 60_000 });
        await on.waitQuiet();
        const names = [leader.name, follower.name].sort();
        expect(await causes.stop()).toEqual(names.map((name) => `MEMBER_DOWN ${name}`));
        expect(await contradictions.stop()).toEqual([]);
      });
    });
  }
});

/**
 * Who leads, on real etcds that lose their leader: one that is cut off steps down, one whose disk hangs goes on claiming to
 * lead, and two whose disks hang are alive and connected and cannot elect. Needs root (namespaces, loop devices);
 * skipped by name otherwise.
 */
import { describe, expect } from "vitest";
import type { ClusterState } from "../../shared/rest.ts";
import type { EtcdVersion } from "../lab/etcd-binaries.ts";
import type { EtcdMember } from "../lab/etcd-member.ts";
import { createDiskFreeze, type DiskFreeze } from "../lab/disk-freeze.ts";
import { describeState, findActive } from "../lab/stack.ts";
import { followersOf, stateOf, story, watch, watchStates, type Watching } from "./story.ts";
import type { WatchedCluster } from "./watched-cluster.ts";

const VERSIONS: readonly EtcdVersion[] = ["3.4", "3.5"];
/** Holds etcd's two preallocated WAL files of 64 MB. */
const DISK_BYTES = 384 * 1024 * 1024;
/** Two election timeouts and a hold time, on a machine that is busy. */
const TOLD = { timeoutMs: 30_000 };

async function leaderOf(on: WatchedCluster): Promise<EtcdMember> {
  const leader = await on.etcd.leader();
  if (leader === undefined) {
    throw new Error("Expected the healthy cluster to have a leader");
  }
  return leader;
}

function leadersIn(state: ClusterState): readonly string[] {
  return state.members.filter(({ role }) => role === "leader").map(({ name }) => name);
}

/** Looks in which two lead, or where an old term's leader is told again after its successor was. */
function watchLeaders(on: WatchedCluster): Watching<readonly string[]> {
  const wrong: string[] = [];
  let lastTerm = 0;
  return watchStates(
    on,
    (state) => {
      const term = Number(state.leader?.term ?? lastTerm);
      const leaders = leadersIn(state);
      const isOther = state.leader !== null && leaders.some((name) => name !== state.leader?.member);
      if (leaders.length > 1 || isOther || term < lastTerm) {
        wrong.push(`${leaders.join()} in term ${term} after ${lastTerm}: ${describeState(state)}`);
      }
      lastTerm = Math.max(term, lastTerm);
    },
    () => wrong,
  );
}

function freezesOf(on: WatchedCluster, skip: (because: string) => void): ReadonlyMap<string, DiskFreeze> {
  const freezes = new Map<string, DiskFreeze>();
  for (const [name, disk] of on.disks) {
    const freeze = createDiskFreeze(disk);
    if (freeze.kind === "unavailable") {
      skip(freeze.because);
    } else {
      freezes.set(name, freeze);
    }
  }
  return freezes;
}

async function expectHealed(on: WatchedCluster): Promise<ClusterState> {
  await on.waitQuiet();
  const state = await on.stack.state();
  const leader = await leaderOf(on);
  expect(state.leader?.member).toBe(leader.name);
  expect(state.leader?.agreedBy).toEqual(["m1", "m2", "m3"]);
  expect(leadersIn(state)).toEqual([leader.name]);
  return state;
}

for (const version of VERSIONS) {
  describe(`test/integration/leader on etcd ${version}`, () => {
    const watched = watch({ version, diskBytes: DISK_BYTES });

    story("follows the others when the leader is cut off, and never shows two", watched, async (on) => {
      const before = await expectHealed(on);
      const old = await leaderOf(on);
      const others = on.etcd.members.map(({ name }) => name).filter((name) => name !== old.name);
      const leaders = watchLeaders(on);
      await on.network.partition(old.name, others);
      try {
        const { state } = await on.stack.waitFor(
          "another leads, and the old one has no quorum",
          (now) =>
            now.verdict === "at-risk" &&
            now.leader !== null &&
            others.includes(now.leader.member) &&
            stateOf(now, old.name) === "no-quorum",
          TOLD,
        );
        expect(state.leader?.agreedBy).toEqual(others);
        expect(Number(state.leader?.term)).toBeGreaterThan(Number(before.leader?.term));
        expect(leadersIn(state)).not.toContain(old.name);
        expect(state.quorum).toMatchObject({ serving: 2, tolerance: 0 });
        expect(findActive(state, "NO_LEADER")).toBeUndefined();
        expect(findActive(state, "QUORUM_LOST")).toBeUndefined();
        expect(findActive(state, "MEMBER_DOWN")).toBeUndefined();
        expect(state.leader?.member).toBe((await leaderOf(on)).name);
      } finally {
        await on.network.heal(old.name);
      }
      await expectHealed(on);
      expect(await leaders.stop()).toEqual([]);
    });

    story("calls a leader whose disk hangs stale, whatever it claims", watched, async (on, skip) => {
      const before = await expectHealed(on);
      const old = await leaderOf(on);
      const freeze = freezesOf(on, skip).get(old.name);
      const leaders = watchLeaders(on);
      await freeze?.freeze();
      try {
        // An idle leader needs no disk: the first write holds it, and with it its heartbeats.
        await on.etcd.put("stale", "1");
        const { state } = await on.stack.waitFor(
          "LEADER_DISAGREEMENT is found",
          (now) =>
            findActive(now, "LEADER_DISAGREEMENT") !== undefined && stateOf(now, old.name) === "no-quorum",
          TOLD,
        );
        expect(
          await on.etcd.etcdctl.status(old.clientUrl),
          "it claims to lead, in the old term",
        ).toMatchObject({
          term: Number(before.leader?.term),
        });
        expect(state.leader?.member).not.toBe(old.name);
        expect(state.leader?.disagreeing).toEqual([old.name]);
        expect(Number(state.leader?.term)).toBeGreaterThan(Number(before.leader?.term));
        expect(state.verdict).toBe("at-risk");
        expect(findActive(state, "LEADER_DISAGREEMENT")?.title.en).toContain(
          `${old.name} still claims to lead, ${state.leader?.member} does`,
        );
        expect(findActive(state, "NO_LEADER")).toBeUndefined();
      } finally {
        await freeze?.thaw();
      }
      await expectHealed(on);
      expect(await leaders.stop()).toEqual([]);
    });

    story(
      "finds no leader where a majority is alive and connected and cannot elect",
      watched,
      async (on, skip) => {
        await expectHealed(on);
        const freezes = freezesOf(on, skip);
        const old = await leaderOf(on);
        const followers = await followersOf(on);
        const names = followers.map(({ name }) => name).sort();
        const leaders = watchLeaders(on);
        // A vote must be on disk before it is given.
        await Promise.all(names.map(async (name) => await freezes.get(name)?.freeze()));
        try {
          await old.kill("SIGKILL");
          const { state } = await on.stack.waitFor(
            "NO_LEADER is found",
            (now) => now.verdict === "no-leader" && findActive(now, "NO_LEADER") !== undefined,
            TOLD,
          );
          expect(state.leader).toBeNull();
          expect(leadersIn(state)).toEqual([]);
          expect(names.map((name) => stateOf(state, name))).toEqual(["no-quorum", "no-quorum"]);
          expect(state.quorum.groups[0]).toEqual(names);
          expect(findActive(state, "MEMBER_DOWN", old.name)).toBeDefined();
          expect(findActive(state, "QUORUM_LOST")).toBeUndefined();
        } finally {
          await Promise.all(names.map(async (name) => await freezes.get(name)?.thaw()));
        }
        const { state } = await on.stack.waitFor(
          "the two elect",
          (now) => now.verdict === "at-risk" && now.leader !== null && names.includes(now.leader.member),
          TOLD,
        );
        expect(state.leader?.agreedBy).toEqual(names);
        await old.start();
        await expectHealed(on);
        expect(await leaders.stop()).toEqual([]);
      },
    );
  });
}

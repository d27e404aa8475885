/** Seconds from a fault to its finding in the API: 20 kills and 20 partitions of one member of a real cluster. */
import { systemClock } from "../../shared/clock.ts";
import type { ClusterState } from "../../shared/rest.ts";
import { findActive } from "../lab/stack.ts";
import { startWatchedCluster, type WatchedCluster } from "../integration/watched-cluster.ts";
import { median, quantile, result, type Benchmark, type BenchmarkResult } from "./benchmark.ts";

const ROUNDS = 20;
const FOUND_WITHIN_MS = 30_000;

interface Fault {
  readonly name: string;
  readonly inject: (on: WatchedCluster, member: string) => Promise<void>;
  readonly restore: (on: WatchedCluster, member: string) => Promise<void>;
  readonly isFound: (state: ClusterState, member: string) => boolean;
}

const FAULTS: readonly Fault[] = [
  {
    name: "kill",
    inject: async (on, member) => await on.etcd.member(member).kill("SIGKILL"),
    restore: async (on, member) => await on.etcd.member(member).start(),
    isFound: (state, member) => findActive(state, "MEMBER_DOWN", member) !== undefined,
  },
  {
    name: "partition",
    inject: async (on, member) => {
      await on.network.partition(
        member,
        on.etcd.members.map(({ name }) => name).filter((name) => name !== member),
      );
    },
    restore: async (on, member) => await on.network.heal(member),
    isFound: (state, member) => findActive(state, "PEER_LINK_DOWN", member) !== undefined,
  },
];

async function measure(on: WatchedCluster, fault: Fault, member: string): Promise<number> {
  const startedUs = systemClock.monotonicUs();
  await fault.inject(on, member);
  await on.stack.waitFor(`${fault.name} of ${member} is found`, (state) => fault.isFound(state, member), {
    timeoutMs: FOUND_WITHIN_MS,
  });
  const seconds = (systemClock.monotonicUs() - startedUs) / 1e6;
  await fault.restore(on, member);
  await on.waitQuiet(120_000);
  return seconds;
}

async function run(log: (line: string) => void): Promise<readonly BenchmarkResult[]> {
  const on = await startWatchedCluster({ version: "3.5" });
  if (on.kind === "unavailable") {
    throw new Error(`This benchmark cannot run here: ${on.because}`);
  }
  const results: BenchmarkResult[] = [];
  try {
    for (const fault of FAULTS) {
      const seconds: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const member = on.etcd.members[round % on.etcd.members.length]?.name ?? "m1";
        const wasLeader = (await on.etcd.leader())?.name === member;
        seconds.push(await measure(on, fault, member));
        log(
          `${fault.name} ${round + 1}/${ROUNDS} of ${member}${wasLeader ? " (leader)" : ""}: ${seconds.at(-1)?.toFixed(2)} s`,
        );
      }
      results.push(
        result(
          `${fault.name} to finding, median of ${ROUNDS}`,
          { value: median(seconds), unit: "s" },
          { atMost: 2 },
        ),
        result(
          `${fault.name} to finding, worst of ${ROUNDS}`,
          { value: quantile(seconds, 1), unit: "s" },
          { atMost: 5 },
        ),
      );
    }
  } finally {
    await on.stop();
  }
  return results;
}

export const detection: Benchmark = {
  name: "detection",
  method:
    "Three real etcd 3.5 members (Debian trixie), each in a network namespace with its agent, a collector in a fourth; TLS everywhere, default cadence. " +
    "Members in turn, leader or not. From the call that injects the fault (SIGKILL; iptables DROP both ways between the member and the others) to the first answer of " +
    "GET /api/v1/clusters/{c} that shows the finding (MEMBER_DOWN; PEER_LINK_DOWN at an end of the member), asked every 100 ms. " +
    "Between rounds the cluster is healed and quiet again. Peer's figures (Prometheus with etcd's own rules): leader killed 1,236 s, partition 70 s.",
  run,
};

/** Every limit that a conclusion depends on: name, unit, default, and where the number comes from. */
import { EtcdscopeError } from "../../shared/errors.ts";

export interface ThresholdDescription {
  readonly unit: "ms" | "bytes" | "ratio" | "calls" | "days" | "starts" | "entries" | "inodes" | "per-second";
  readonly default: number;
  readonly strict?: number;
  readonly relaxed?: number;
  readonly source: string;
}

/** Names are what an operator writes under `thresholds` in the collector's configuration. */
export const THRESHOLDS = {
  agentSilentMs: {
    unit: "ms",
    default: 3500,
    relaxed: 10_000,
    source: "three missed frames and half a second: the finding stands within 5 s of the last frame",
  },
  agentSilentAfterStartMs: {
    unit: "ms",
    default: 10_000,
    source: "an agent's longest backoff (5 s) and its first frames, after the collector itself started",
  },
  fastStaleMs: {
    unit: "ms",
    default: 10_000,
    source: "ten runs of a fast probe",
  },
  normalStaleMs: {
    unit: "ms",
    default: 45_000,
    source: "four runs of a normal probe and its time limit",
  },
  slowStaleMs: {
    unit: "ms",
    default: 300_000,
    source: "five runs of a slow probe",
  },
  hungMs: {
    unit: "ms",
    default: 5000,
    strict: 3000,
    relaxed: 10_000,
    source: "no answer for five election timeouts of etcd's default",
  },
  startingMs: {
    unit: "ms",
    default: 10_000,
    source: "etcd opens its client port when it has joined its peers: seconds, with a large WAL",
  },
  readHeldMs: {
    unit: "ms",
    default: 13_000,
    source: "the read probe's interval (10 s) and its time limit (3 s)",
  },
  staleTermMs: {
    unit: "ms",
    default: 3000,
    source: "two looks and one election after which every member in touch has the new term",
  },
  fastTickMs: { unit: "ms", default: 1000, source: "interval of the fast probes" },
  fsyncWarningMs: {
    unit: "ms",
    default: 100,
    strict: 10,
    relaxed: 250,
    source: "one tenth of the election timeout, scaled with it; strict: etcd's tuning guide, p99 10 ms",
  },
  fsyncCriticalMs: {
    unit: "ms",
    default: 500,
    strict: 100,
    relaxed: 1000,
    source: "half of the election timeout, scaled with it",
  },
  commitWarningMs: {
    unit: "ms",
    default: 250,
    strict: 25,
    relaxed: 500,
    source: "etcd's own alert etcdHighCommitDurations (250 ms); strict: tuning guide, p99 25 ms",
  },
  diskSlowMinCalls: {
    unit: "calls",
    default: 5,
    source: "below that the p99 of an interval is one stray call",
  },
  diskFullBytes: {
    unit: "bytes",
    default: 16 * 1024 * 1024,
    source: "bbolt grows its file in steps of 16 MiB: with less, the next growth fails and etcd exits",
  },
  diskNearlyFullRatio: {
    unit: "ratio",
    default: 0.1,
    strict: 0.2,
    relaxed: 0.05,
    source: "kubelet's default hard eviction for nodefs.available is 10 %",
  },
  quotaNearRatio: {
    unit: "ratio",
    default: 0.8,
    strict: 0.7,
    relaxed: 0.9,
    source: "time to compact and defragment before NOSPACE stops all writes",
  },
  certWarningDays: {
    unit: "days",
    default: 30,
    strict: 60,
    relaxed: 14,
    source: "one month's maintenance window",
  },
  certCriticalDays: {
    unit: "days",
    default: 7,
    strict: 14,
    relaxed: 3,
    source: "one working week",
  },
  inodesFree: {
    unit: "inodes",
    default: 16,
    source:
      "a WAL file, a snapshot and the temporary files of both are each one: below that the next is the last",
  },
  inodesNearRatio: {
    unit: "ratio",
    default: 0.05,
    strict: 0.1,
    relaxed: 0.02,
    source: "kubelet's default hard eviction for nodefs.inodesFree is 5 %",
  },
  diskForeignRatio: {
    unit: "ratio",
    default: 0.5,
    relaxed: 0.75,
    source: "more than half of what the device writes is not etcd's",
  },
  diskForeignBytes: {
    unit: "bytes",
    default: 1024 * 1024,
    source: "a second: less than that hinders no disk that etcd should run on",
  },
  dbInUseRatio: {
    unit: "ratio",
    default: 0.55,
    source:
      "below that a defragmentation gives back nearly half of the file: etcd's own alert etcdDatabaseHighFragmentationRatio is at 50 %",
  },
  dbFreeBytes: {
    unit: "bytes",
    default: 100 * 1024 * 1024,
    source: "less is not worth the pause that a defragmentation is",
  },
  raftLagEntries: {
    unit: "entries",
    default: 1000,
    source: "etcd refuses requests at 5000 entries between committed and applied",
  },
  raftLagMs: {
    unit: "ms",
    default: 5000,
    source: "of writes at the present rate: a member that keeps up is behind by one round trip",
  },
  peerLatencyMs: {
    unit: "ms",
    default: 150,
    source:
      "etcd's own alert etcdMemberCommunicationSlow; where the heartbeat interval is known, half of it counts",
  },
  packetLossRatio: {
    unit: "ratio",
    default: 0.01,
    relaxed: 0.03,
    source: "at 1 % a stream of raft messages waits for a retransmission several times a minute",
  },
  clockSkewMs: {
    unit: "ms",
    default: 500,
    source: "etcd itself warns at 1 s; half of it misleads whoever compares logs",
  },
  slowRequestsPerSecond: {
    unit: "per-second",
    default: 1,
    strict: 0.2,
    relaxed: 5,
    source: "one slow apply is nothing; dozens a minute are felt by clients",
  },
  proposalsFailedPerSecond: {
    unit: "per-second",
    default: 0.1,
    source: "etcd's own alert etcdHighNumberOfFailedProposals: 5 in 15 min is quieter, but tells too late",
  },
  proposalsPending: {
    unit: "calls",
    default: 100,
    source: "a hundred writes wait at two looks in a row: etcd does not get through them",
  },
  heartbeatsLatePerSecond: {
    unit: "per-second",
    default: 0.5,
    source: "seen with a starved or slow leader: 3 a second; a healthy one: none",
  },
  blindMs: {
    unit: "ms",
    default: 60_000,
    source: "one run of the slowest probe",
  },
  cpuThrottledRatio: {
    unit: "ratio",
    default: 0.25,
    strict: 0.05,
    relaxed: 0.5,
    source: "Kubernetes' CPUThrottlingHigh alerts at a quarter",
  },
  cpuWaitRatio: {
    unit: "ratio",
    default: 0.5,
    strict: 0.2,
    relaxed: 1,
    source: "one of etcd's threads waits for a CPU half of the time: heartbeats come late from then on",
  },
  memoryLimitRatio: {
    unit: "ratio",
    default: 0.9,
    strict: 0.8,
    relaxed: 0.95,
    source: "room for one large range or snapshot before the kernel kills",
  },
  memoryAvailableRatio: {
    unit: "ratio",
    default: 0.05,
    strict: 0.1,
    relaxed: 0.02,
    source: "kubelet's default eviction for memory.available, 100 MiB, is 5 % of a machine of 2 GiB",
  },
  memoryPressureRatio: {
    unit: "ratio",
    default: 0.1,
    strict: 0.05,
    relaxed: 0.3,
    source:
      "systemd-oomd and kubelet act from tens of per cent; etcd's page faults on its database begin to hurt before",
  },
  growthMs: {
    unit: "ms",
    default: 4 * 86_400_000,
    strict: 7 * 86_400_000,
    relaxed: 2 * 86_400_000,
    source:
      "etcd's own alert etcdExcessiveDatabaseGrowth forecasts four hours; four days outlast a long weekend",
  },
  hashStaleMs: {
    unit: "ms",
    default: 3 * 86_400_000,
    relaxed: 10 * 86_400_000,
    source: "members' data is compared once a day: two comparisons missed and a half",
  },
  crashLoopStarts: {
    unit: "starts",
    default: 3,
    source: "one restart is maintenance, a second one a retry",
  },
  crashLoopMs: {
    unit: "ms",
    default: 600_000,
    source: "kubelet's longest back-off is 5 min: two attempts of it",
  },
  crashLoopOverMs: {
    unit: "ms",
    default: 30_000,
    source: "what ends etcd at its start ends it within seconds: one that serves for so long has got over it",
  },
  leaderFlapMs: {
    unit: "ms",
    default: 300_000,
    source: "two changes within five minutes are no coincidence",
  },
  leaderFlapChanges: {
    unit: "calls",
    default: 2,
    relaxed: 4,
    source: "one change is an election, a second one soon after it a pattern",
  },
  leaderChangesPerHour: {
    unit: "calls",
    default: 3,
    source: "etcd's own alert etcdHighNumberOfLeaderChanges fires at four in 15 minutes",
  },
  oomRecentMs: {
    unit: "ms",
    default: 600_000,
    source: "as long as starts are counted for CRASH_LOOP: the kill explains them",
  },
  openFilesRatio: {
    unit: "ratio",
    default: 0.8,
    strict: 0.6,
    relaxed: 0.9,
    source: "node_exporter's and etcd's own alert etcdFdExhaustion are at 80 to 85 %",
  },
} as const satisfies Record<string, ThresholdDescription>;

export type ThresholdName = keyof typeof THRESHOLDS;
export type Thresholds = Readonly<Record<ThresholdName, number>>;
export type ThresholdProfile = "default" | "strict" | "relaxed";

export interface ThresholdChoice {
  readonly profile: ThresholdProfile;
  readonly overrides: Readonly<Record<string, number>>;
}

export const DEFAULT_THRESHOLDS: Thresholds = resolveThresholds({ profile: "default", overrides: {} });

/** Throws CONFIG_INVALID for a name that is not in THRESHOLDS, or a value that is not a number above 0. */
export function resolveThresholds(choice: ThresholdChoice): Thresholds {
  const resolved: Record<string, number> = {};
  for (const [name, description] of Object.entries(THRESHOLDS)) {
    const about: ThresholdDescription = description;
    resolved[name] = about[choice.profile] ?? about.default;
  }
  for (const [name, value] of Object.entries(choice.overrides)) {
    if (!Object.hasOwn(THRESHOLDS, name)) {
      const known = Object.keys(THRESHOLDS).join(", ");
      throw new EtcdscopeError("CONFIG_INVALID", `Expected a threshold's name (${known}), got "${name}"`);
    }
    if (!Number.isFinite(value) || value <= 0) {
      throw new EtcdscopeError("CONFIG_INVALID", `Expected thresholds.${name} to be a number above 0`);
    }
    resolved[name] = value;
  }
  return resolved as Thresholds;
}

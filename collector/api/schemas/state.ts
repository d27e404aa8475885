/** JSON schemas of clusters: the summary in a list and the whole state of one. */
import {
  complete,
  COUNT_64,
  HEX_ID,
  INTEGER,
  listOf,
  NEXT_CURSOR,
  NUMBER,
  orNull,
  STRING,
  STRINGS,
  TEXT,
  TIMESTAMP,
} from "./shapes.ts";

const VERDICT = {
  type: "string",
  enum: ["healthy", "degraded", "at-risk", "no-leader", "quorum-lost", "unknown"],
  description:
    "healthy: all voters serve; degraded: some fault, tolerance at least 1; at-risk: quorum holds, tolerance 0 in a " +
    "cluster built to have some; no-leader: a majority is alive and connected but has no leader; quorum-lost: no " +
    "majority can form; unknown: too little evidence to say",
} as const;

const SUMMARY_EXAMPLE = {
  name: "prod-a",
  verdict: "at-risk",
  headline: {
    en: "2 of 3 voters serve: the next failure stops all writes",
    zh: "3 个投票成员中 2 个可用：再有一个故障将停止所有写入",
  },
  tolerance: 0,
  leader: "m2",
  openIncident: null,
} as const;

export const CLUSTER_SUMMARY_SCHEMA = {
  $id: "ClusterSummary",
  ...complete({
    name: STRING,
    verdict: VERDICT,
    headline: TEXT,
    tolerance: { ...INTEGER, description: "Voters that may still fail; negative: missing for a quorum" },
    leader: orNull(STRING),
    openIncident: orNull(STRING),
  }),
  examples: [SUMMARY_EXAMPLE],
} as const;

export const CLUSTER_LIST_SCHEMA = {
  $id: "ClusterList",
  ...complete({ clusters: listOf({ $ref: "ClusterSummary#" }), nextCursor: NEXT_CURSOR }),
  examples: [{ clusters: [SUMMARY_EXAMPLE], nextCursor: null }],
} as const;

const MEMBER = complete({
  name: STRING,
  memberId: { type: "string", description: "Lower-case hex, as etcdctl prints it; empty: not known" },
  node: orNull(STRING),
  role: { type: "string", enum: ["leader", "follower", "learner", "unknown"] },
  state: {
    type: "string",
    enum: ["serving", "no-quorum", "hung", "down", "unreachable", "removed", "unknown"],
  },
  why: TEXT,
  version: orNull(STRING),
  storageVersion: {
    ...orNull(STRING),
    description: "The version that its files can be read by; null: not known, as before etcd 3.6",
  },
  downgradeTarget: {
    ...orNull(STRING),
    description: "The version that a downgrade under way goes to; null: none is, or etcd is older than 3.6",
  },
  dbSizeBytes: orNull(NUMBER),
  dbInUseBytes: orNull(NUMBER),
  raftTerm: orNull(COUNT_64),
  raftIndex: orNull(COUNT_64),
  appliedIndex: orNull(COUNT_64),
  agent: complete({
    state: { type: "string", enum: ["online", "silent", "never-seen"] },
    lastSeen: orNull(TIMESTAMP),
    version: orNull(STRING),
  }),
  machine: orNull(
    complete({
      bootedAt: orNull(TIMESTAMP),
      load1: {
        ...orNull(NUMBER),
        description: "Mean over a minute of the tasks that ran, could have run or waited for a disk",
      },
      cpus: orNull(INTEGER),
    }),
  ),
});

export const CLUSTER_STATE_SCHEMA = {
  $id: "ClusterState",
  ...complete({
    cluster: STRING,
    at: TIMESTAMP,
    verdict: VERDICT,
    headline: TEXT,
    quorum: complete({
      voters: INTEGER,
      needed: INTEGER,
      serving: INTEGER,
      tolerance: INTEGER,
      groups: {
        ...listOf(STRINGS),
        description: "Voters that reach each other both ways, largest group first",
      },
    }),
    leader: orNull(
      complete({
        member: STRING,
        memberId: HEX_ID,
        term: COUNT_64,
        since: TIMESTAMP,
        agreedBy: STRINGS,
        disagreeing: STRINGS,
      }),
    ),
    members: listOf(MEMBER),
    coverage: complete({ score: { type: "number", minimum: 0, maximum: 1 }, blindSpots: listOf(TEXT) }),
    rootCauses: { ...STRINGS, description: "Ids of the findings that nothing active explains" },
    findings: listOf({ $ref: "Finding#" }),
    openIncident: orNull(STRING),
  }),
  examples: [
    {
      cluster: "prod-a",
      at: "2026-11-22T03:16:10.000Z",
      verdict: "healthy",
      headline: { en: "All 3 voters serve", zh: "全部 3 个投票成员可用" },
      quorum: { voters: 3, needed: 2, serving: 3, tolerance: 1, groups: [["m1", "m2", "m3"]] },
      leader: {
        member: "m2",
        memberId: "91bc3c398fb3c146",
        term: "5",
        since: "2026-11-21T10:00:00.000Z",
        agreedBy: ["m1", "m2", "m3"],
        disagreeing: [],
      },
      members: [],
      coverage: { score: 1, blindSpots: [] },
      rootCauses: [],
      findings: [],
      openIncident: null,
    },
  ],
} as const;

/** One cluster at 03:16 of a bad night, and one that is well, as the rest of a collector would give them to the API. */
import { reportFlags } from "../../../collector/diagnosis/report-backups.ts";
import type { Evaluation } from "../../../collector/diagnosis/evaluate.ts";
import type { HistoryDoor } from "../../../collector/history/history-door.ts";
import { answerDiagnosis, answerRunbook } from "../../../collector/answer-diagnosis.ts";
import { writeCapture, type CaptureRequest } from "../../../collector/capture/write-capture.ts";
import { DEFAULT_THRESHOLDS } from "../../../collector/diagnosis/thresholds.ts";
import type { ReceivedFrame } from "../../../shared/frame.ts";
import { COMMANDS } from "../../scenario/commands.ts";
import { World } from "../../scenario/world.ts";
import type { StateSource } from "../../../collector/api/state-source.ts";
import type {
  BackupDirectoryReport,
  CertificateReport,
  ClusterState,
  ClusterSummary,
  Finding,
  LinkReport,
  MemberReport,
  SeriesData,
} from "../../../shared/rest.ts";
import type { Text } from "../../../shared/text.ts";
import { evaluateExample, THREE } from "../runbook/example-cluster.ts";

/** The instant of all that follows. */
export const NOW = "2026-11-22T03:16:10.000Z";
export const NOW_MS = Date.parse(NOW);

function member(name: string, change: Partial<MemberReport> = {}): MemberReport {
  return {
    name,
    memberId: `91bc3c398fb3c14${name.slice(-1)}`,
    node: name,
    role: "follower",
    state: "serving",
    why: { en: "answers linearizable reads", zh: "可响应线性一致读" },
    version: "3.5.30",
    storageVersion: null,
    downgradeTarget: null,
    dbSizeBytes: 21_000_000,
    dbInUseBytes: 9_400_000,
    raftTerm: "5",
    raftIndex: "1280042",
    appliedIndex: "1280042",
    agent: { state: "online", lastSeen: NOW, version: "0.1.0" },
    machine: { bootedAt: "2026-11-01T04:00:00.000Z", load1: 0.42, cpus: 2 },
    ...change,
  };
}

function finding(change: Pick<Finding, "id" | "code" | "title" | "detail"> & Partial<Finding>): Finding {
  return {
    layer: "storage",
    severity: "critical",
    subject: { kind: "member", name: "m3" },
    status: "active",
    since: "2026-11-22T03:12:09.000Z",
    lastSeen: NOW,
    until: null,
    rootCause: false,
    causedBy: [],
    explains: [],
    confidence: "certain",
    respondWithin: "0s",
    runbook: null,
    evidence: [],
    ruledOut: [],
    ...change,
  };
}

export const DISK_FULL: Finding = finding({
  id: "f-disk",
  code: "DISK_FULL",
  rootCause: true,
  explains: ["f-down"],
  runbook: "disk-full",
  title: { en: "Disk full on m3", zh: "m3 磁盘已满" },
  detail: { en: "/var/lib/etcd has 0 B of 20 GiB free", zh: "/var/lib/etcd 剩余 0 B，共 20 GiB" },
  evidence: [
    {
      node: "m3",
      source: "statfs",
      at: "2026-11-22T03:16:00.000Z",
      text: { en: "0 B available to etcd", zh: "etcd 可用 0 B" },
      value: 0,
      threshold: 16_777_216,
      unit: "bytes",
    },
  ],
  ruledOut: [
    { code: "PACKET_LOSS", because: { en: "m1 and m2 reach m3 in 0.4 ms", zh: "m1、m2 到 m3 为 0.4 毫秒" } },
    { code: "CERT_EXPIRED", because: { en: "valid 212 days", zh: "有效期还有 212 天" } },
  ],
});

export const MEMBER_DOWN: Finding = finding({
  id: "f-down",
  code: "MEMBER_DOWN",
  layer: "process",
  causedBy: ["f-disk"],
  since: "2026-11-22T03:12:21.000Z",
  title: { en: "etcd of m3 is down", zh: "m3 的 etcd 已停止" },
  detail: { en: "no process since 03:12:21", zh: "03:12:21 起没有进程" },
});

/** Over before now. */
export const OLD_LINK: Finding = finding({
  id: "f-link",
  code: "PEER_LINK_DOWN",
  layer: "network",
  severity: "warning",
  subject: { kind: "link", name: "m1", peer: "m2" },
  status: "resolved",
  since: "2026-11-22T01:00:00.000Z",
  lastSeen: "2026-11-22T01:05:00.000Z",
  until: "2026-11-22T01:05:00.000Z",
  title: { en: "m1 does not reach m2", zh: "m1 无法访问 m2" },
  detail: { en: "refused", zh: "被拒绝" },
});

export const AT_RISK: ClusterState = {
  cluster: "prod-a",
  at: NOW,
  verdict: "at-risk",
  headline: {
    en: "2 of 3 voters serve: the next failure stops all writes",
    zh: "3 个投票成员中有 2 个可用：再发生一次故障，所有写入都将停止",
  },
  quorum: { voters: 3, needed: 2, serving: 2, tolerance: 0, groups: [["m1", "m2"], ["m3"]] },
  leader: {
    member: "m2",
    memberId: "91bc3c398fb3c142",
    term: "5",
    since: "2026-11-21T10:00:00.000Z",
    agreedBy: ["m1", "m2"],
    disagreeing: [],
  },
  members: [
    member("m1"),
    member("m2", { role: "leader" }),
    member("m3", {
      state: "down",
      role: "unknown",
      why: { en: "no process", zh: "没有进程" },
      dbSizeBytes: null,
      dbInUseBytes: null,
      appliedIndex: null,
    }),
  ],
  coverage: { score: 1, blindSpots: [] },
  rootCauses: ["f-disk"],
  findings: [MEMBER_DOWN, DISK_FULL],
  openIncident: null,
};

export const HEALTHY: ClusterState = {
  ...AT_RISK,
  cluster: "prod-b",
  verdict: "healthy",
  headline: { en: "All 3 voters serve", zh: "全部 3 个投票成员可用" },
  quorum: { voters: 3, needed: 2, serving: 3, tolerance: 1, groups: [["m1", "m2", "m3"]] },
  members: [member("m1"), member("m2", { role: "leader" }), member("m3")],
  rootCauses: [],
  findings: [],
};

export const LINK: LinkReport = {
  from: "m1",
  to: "m3",
  port: "peer",
  tcp: "failed",
  tls: "unknown",
  http: "unknown",
  rttMs: null,
  loss: null,
  state: "down",
  why: { en: "connection refused", zh: "连接被拒绝" },
  since: "2026-11-22T03:12:21.000Z",
};

export const CERTIFICATE: CertificateReport = {
  node: "m1",
  role: "peer-cert",
  path: "/etc/etcd/peer.crt",
  subject: "CN=m1",
  issuer: "CN=etcd-ca",
  sans: ["m1", "10.0.0.1"],
  notBefore: "2026-01-01T00:00:00.000Z",
  notAfter: "2027-06-22T00:00:00.000Z",
  daysLeft: 212,
  serial: "1f",
  fingerprintSha256: "ab".repeat(32),
  problem: null,
  moreInFolder: 0,
};

export const BACKUPS: BackupDirectoryReport = {
  node: "m1",
  directory: "/backup/etcd",
  problem: null,
  count: 1,
  oldest: "2026-11-22T01:00:00.000Z",
  maxAgeSeconds: 93_600,
  availableBytes: 1e9,
  snapshots: [
    {
      name: "etcd.db",
      sizeBytes: 20_512,
      modifiedAt: "2026-11-22T01:00:00.000Z",
      state: "valid",
      problem: null,
    },
  ],
};

export interface ExampleSource extends StateSource {
  readonly states: readonly ClusterState[];
}

/** A source of these states. The history of prod-a begins at 03:00. */
export function createSource(states: readonly ClusterState[] = [AT_RISK, HEALTHY]): ExampleSource {
  const find = (cluster: string): ClusterState | undefined =>
    states.find((state) => state.cluster === cluster);
  return {
    states,
    clusters: () => states.map(summarise),
    hasCluster: (cluster) => find(cluster) !== undefined,
    state: find,
    stateAt: async (cluster, atMs) => {
      const state = find(cluster);
      const begin = Date.parse("2026-11-22T03:00:00.000Z");
      return state === undefined || atMs < begin ? undefined : { ...state, at: new Date(atMs).toISOString() };
    },
    connectivity: async () => [LINK, { ...LINK, from: "m2" }],
    certificates: async () => [CERTIFICATE, { ...CERTIFICATE, node: "m2" }, { ...CERTIFICATE, node: "m3" }],
    diagnosis: async (cluster, atMs) =>
      atMs !== undefined && atMs < Date.parse("2026-11-22T03:00:00.000Z")
        ? undefined
        : answerDiagnosis(evaluateMembers(cluster)),
    backups: async () => [BACKUPS],
    flags: async (cluster) => reportFlags(evaluateMembers(cluster).cluster),
    compareData: (cluster) => ({ cluster, node: "m1" }),
    runbook: (cluster, request) => answerRunbook(evaluateMembers(cluster), request),
    findings: async (_cluster, fromMs, toMs) =>
      [DISK_FULL, MEMBER_DOWN, OLD_LINK].filter(
        ({ since, until }) => Date.parse(since) < toMs && (until === null || Date.parse(until) >= fromMs),
      ),
    capture: async (request) =>
      request.toMs < Date.parse("2026-11-22T03:00:00.000Z") ? undefined : captureExample(request),
    readiness: () => ({ ready: true, reasons: [] }),
  };
}

const FRAMES: ReceivedFrame[] = [];

/** Some seconds of the same cluster, whatever the span. */
async function captureExample(request: CaptureRequest): Promise<AsyncIterable<Buffer> | undefined> {
  if (FRAMES.length === 0) {
    const world = new World();
    COMMANDS["voters"]?.(world, ["m1", "m2", "m3"]);
    FRAMES.push(...world.tick());
  }
  let isRead = false;
  return writeCapture(request, {
    nowMs: NOW_MS,
    thresholds: DEFAULT_THRESHOLDS,
    expectedVoters: undefined,
    readFrames: async () => {
      const page = isRead ? [] : FRAMES;
      isRead = true;
      return page;
    },
    readFindings: async () => [],
    readFactsAt: async () => [],
    forgottenAfterMs: Infinity,
  });
}

const EVALUATIONS = new Map<string, Evaluation>();

/** What the rules really say of such a night: m3 of prod-a is down, prod-b is well. */
function evaluateMembers(cluster: string): Evaluation {
  const known = EVALUATIONS.get(cluster);
  if (known !== undefined) {
    return known;
  }
  const members = THREE.map((one) => ({ ...one, isUp: cluster !== "prod-a" || one.name !== "m3" }));
  const evaluation = evaluateExample(members, cluster);
  EVALUATIONS.set(cluster, evaluation);
  return evaluation;
}

function summarise(state: ClusterState): ClusterSummary {
  return {
    name: state.cluster,
    verdict: state.verdict,
    headline: state.headline,
    tolerance: state.quorum.tolerance,
    leader: state.leader?.member ?? null,
    openIncident: state.openIncident,
  };
}

/** A history of two metrics; series() gives one point a step, rising. */
export function createHistoryDouble(): Pick<HistoryDoor, "knownSeries" | "series"> {
  return {
    knownSeries: async () => [
      { node: "m2", metric: "etcd_status_db_size_bytes" },
      { node: "m1", metric: "etcd_status_db_size_bytes" },
      { node: "m1", metric: "newer_agents_metric_total" },
    ],
    series: async ({ node, fromMs, toMs, points }): Promise<readonly SeriesData[]> => {
      const stepMs = (toMs - fromMs) / points;
      const rising = Array.from({ length: points }, (_, index) => ({
        at: new Date(fromMs + index * stepMs).toISOString(),
        min: 1_000_000 + index,
        max: 2_000_000 + index * 1_000,
        mean: 1_500_000 + index,
        last: 1_600_000 + index,
      }));
      return ["m1", "m2"]
        .filter((one) => node === undefined || node === one)
        .map((one) => ({ node: one, labels: { member: one }, points: rising }));
    },
  };
}

export const BLIND_SPOT: Text = { en: "no agent on m3's node", zh: "m3 的节点上没有代理" };

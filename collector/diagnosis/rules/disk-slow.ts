/**
 * DISK_SLOW: WAL fsync or backend commit beyond the threshold in two intervals in a row, agreed by a second witness; in one, where
 * that witness has seen it twice. A quantile of a histogram is an interval: only its lower bound proves anything.
 */
import type { NodeView } from "../../view/cluster-view.ts";
import { listPoints } from "../../view/node-reading.ts";
import type { Witness } from "../disk-witness.ts";
import { hearWitness } from "../disk-witness.ts";
import { createEvidence, findSilence } from "../evidence.ts";
import { formatBucket, formatDuration } from "../format.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";
import type { Thresholds } from "../thresholds.ts";

/** etcd's default election timeout, which the thresholds are given for. */
const REFERENCE_ELECTION_MS = 1000;
/** Intervals that must agree. */
const INTERVALS = 2;
/** Or one of them, and so many runs of the fsync probe, the last ones, which is run every 5 s. */
const PROBES = 2;
const PROBES_WITHIN_MS = 15_000;
/** What one interval reaches back. */
const INTERVAL_MS = 10_000;

export const diskSlow: Rule = {
  code: "DISK_SLOW",
  layer: "storage",
  isFault: true,
  respondWithin: { ...RESPOND_WITHIN, critical: "30m" },
  runbook: "disk-slow",
  // The two intervals are the hold.
  holdMs: 0,
  looksBack: true,
  quietMs: 30_000,
  evaluate: (cluster, thresholds) =>
    cluster.view.nodes.map((node) => evaluateNode(cluster, node, thresholds)),
};

/** A plain small write to the same disk takes as long as etcd may, again and again. */
function isProbeSlow(node: NodeView, warningMs: number, nowMs: number): boolean {
  const name = { metric: "etcdscope_fsync_probe_seconds" };
  const last = listPoints(node.state, name, nowMs - PROBES_WITHIN_MS).slice(-PROBES);
  return last.length === PROBES && last.every(({ value }) => value * 1000 >= warningMs);
}

interface Slowness {
  readonly what: string;
  readonly bucket: string;
  readonly lowerMs: number;
  readonly thresholdMs: number;
  readonly isCritical: boolean;
  /** When the first of the intervals that agree began. */
  readonly fromMs: number;
  readonly atMs: number;
}

function evaluateNode(cluster: JudgedCluster, node: NodeView, thresholds: Thresholds): RuleOutcome {
  const subject = nodeSubject(node.name);
  const silence = findSilence(node);
  if (silence !== undefined) {
    return silence;
  }
  const sinceMs = cluster.nowMs - thresholds.normalStaleMs;
  const scale = cluster.view.electionTimeoutMs / REFERENCE_ELECTION_MS;
  const warningMs = thresholds.fsyncWarningMs * scale;
  const intervals = isProbeSlow(node, warningMs, cluster.nowMs) ? 1 : INTERVALS;
  const fsync = readSlowness(node, sinceMs, {
    what: "WAL fsync",
    metric: "etcd_disk_wal_fsync",
    warningMs,
    criticalMs: thresholds.fsyncCriticalMs * scale,
    minCalls: thresholds.diskSlowMinCalls,
    intervals,
  });
  const commit = readSlowness(node, sinceMs, {
    what: "backend commit",
    metric: "etcd_disk_backend_commit",
    warningMs: thresholds.commitWarningMs * scale,
    criticalMs: Infinity,
    minCalls: thresholds.diskSlowMinCalls,
    intervals,
  });
  const slow = [fsync, commit].filter((one) => typeof one === "object");
  const worst = slow[0];
  // What the disk was like before etcd was slow is no witness.
  const witness = hearWitness(node, warningMs, worst?.fromMs ?? sinceMs);
  if (worst === undefined) {
    return judgeNotSlow(node, fsync === "not-slow" || commit === "not-slow", witness);
  }
  if (witness.verdict === "absent") {
    const reason = {
      en: `${worst.what} p99 is ${worst.bucket}, but ${witness.text.en}`,
      zh: `${worst.what} p99 为 ${worst.bucket}，但${witness.text.zh}`,
    };
    return { kind: "unknown", subject, reason };
  }
  if (witness.verdict === "fast") {
    const because = {
      en: `${worst.what} p99 is ${worst.bucket}, but ${witness.text.en}: the process is slow, not the disk`,
      zh: `${worst.what} p99 为 ${worst.bucket}，但${witness.text.zh}：慢的是进程而不是磁盘`,
    };
    return { kind: "ok", subject, because };
  }
  return describe(node, slow, witness);
}

function judgeNotSlow(node: NodeView, isMeasured: boolean, witness: Witness): RuleOutcome {
  const subject = nodeSubject(node.name);
  if (isMeasured || witness.verdict === "fast") {
    return witness.verdict === "fast"
      ? { kind: "ok", subject, because: witness.text }
      : { kind: "ok", subject };
  }
  const reason = {
    en: `etcd on ${node.name} has recorded no fsync lately; ${witness.text.en}`,
    zh: `${node.name} 上的 etcd 最近没有 fsync 记录；${witness.text.zh}`,
  };
  return { kind: "unknown", subject, reason };
}

interface Histogram {
  readonly what: string;
  readonly metric: string;
  readonly warningMs: number;
  readonly criticalMs: number;
  readonly minCalls: number;
  /** How many must agree. */
  readonly intervals: number;
}

function readSlowness(
  node: NodeView,
  sinceMs: number,
  histogram: Histogram,
): Slowness | "not-slow" | "not-measured" {
  const read = (bound: string): readonly { readonly atMs: number; readonly value: number }[] =>
    listPoints(
      node.state,
      { metric: `${histogram.metric}_duration_seconds_quantile`, labels: { quantile: "0.99", bound } },
      sinceMs,
    );
  const calls = listPoints(node.state, { metric: `${histogram.metric}_interval_count` }, sinceMs);
  const enough = new Set(calls.filter(({ value }) => value >= histogram.minCalls).map(({ atMs }) => atMs));
  const isCounted = (atMs: number): boolean => calls.length === 0 || enough.has(atMs);
  const lower = read("lower").filter(({ atMs }) => isCounted(atMs));
  const last = lower.at(-1);
  if (last === undefined) {
    return "not-measured";
  }
  const recent = lower.slice(-histogram.intervals);
  const leastMs = Math.min(...recent.map(({ value }) => value)) * 1000;
  if (recent.length < histogram.intervals || leastMs < histogram.warningMs) {
    return "not-slow";
  }
  const upper = read("upper").find(({ atMs }) => atMs === last.atMs)?.value ?? Infinity;
  return {
    what: histogram.what,
    bucket: formatBucket(last.value, upper),
    lowerMs: last.value * 1000,
    thresholdMs: histogram.warningMs,
    isCritical: leastMs >= histogram.criticalMs,
    fromMs: Math.min((recent[0]?.atMs ?? last.atMs) * 2 - last.atMs, last.atMs - INTERVAL_MS),
    atMs: last.atMs,
  };
}

function describe(node: NodeView, slow: readonly Slowness[], witness: Witness): RuleOutcome {
  const said = slow.map(({ what, bucket }) => `${what} p99 ${bucket}`).join(", ");
  const limit = formatDuration(slow[0]?.thresholdMs ?? 0);
  return {
    kind: "bad",
    subject: nodeSubject(node.name),
    severity: slow.some(({ isCritical }) => isCritical) ? "critical" : "warning",
    title: { en: `Slow disk on ${node.name}: ${said}`, zh: `${node.name} 磁盘缓慢：${said}` },
    detail: {
      en: `the threshold is ${limit.en} for this election timeout, and ${witness.text.en}`,
      zh: `按当前选举超时阈值为 ${limit.zh}，并且${witness.text.zh}`,
    },
    evidence: [
      ...slow.map(({ what, bucket, lowerMs, thresholdMs, atMs }) =>
        createEvidence(
          { node: node.name, source: "/metrics", atMs },
          { en: `${what} p99 ${bucket}`, zh: `${what} p99 ${bucket}` },
          { value: lowerMs, threshold: thresholdMs, unit: "ms" },
        ),
      ),
      createEvidence(
        { node: node.name, source: witness.source, atMs: witness.atMs },
        witness.text,
        witness.valueMs === undefined ? undefined : { value: witness.valueMs, unit: "ms" },
      ),
    ],
  };
}

/** What etcd counts itself: the wanted families of /metrics, its histograms as quantiles of the last interval. */
import type { Sample } from "../../shared/frame.ts";
import { formatId } from "../../shared/member-id.ts";
import { seriesKey } from "../../shared/series-key.ts";
import type { Labels } from "../../shared/series-key.ts";
import type { EtcdMember } from "../etcd/etcd-door.ts";
import { summarizeInterval } from "../etcd/interval-quantiles.ts";
import type { IntervalSummary } from "../etcd/interval-quantiles.ts";
import { findLabel, MetricText } from "../etcd/parse-metrics.ts";
import type { Histogram } from "../etcd/parse-metrics.ts";
import type { Observation, Probe, ProbeContext } from "./probe.ts";

/** Above the door's own limit (3 s), so that the door's reason is the one that is told. */
const TIME_LIMIT_MS = 3_300;

const QUANTILES = [0.5, 0.99];

/** Keys that compactions have removed since etcd started: whether anybody compacts at all. First in the text. */
const COMPACTED_FAMILY = "etcd_debugging_mvcc_db_compaction_keys_total";

/** In the order of the text, which is that of their names: so one pass finds them all. */
const DISK_HISTOGRAMS = [
  { family: "etcd_disk_backend_commit_duration_seconds", count: "etcd_disk_backend_commit_interval_count" },
  { family: "etcd_disk_wal_fsync_duration_seconds", count: "etcd_disk_wal_fsync_interval_count" },
] as const;

const ROUND_TRIP_FAMILY = "etcd_network_peer_round_trip_time_seconds";

const PLAIN_FAMILIES = [
  "etcd_server_has_leader",
  "etcd_server_heartbeat_send_failures_total",
  "etcd_server_is_leader",
  "etcd_server_leader_changes_seen_total",
  "etcd_server_proposals_applied_total",
  "etcd_server_proposals_committed_total",
  "etcd_server_proposals_failed_total",
  "etcd_server_proposals_pending",
  "etcd_server_quota_backend_bytes",
  "etcd_server_slow_apply_total",
  "etcd_server_slow_read_indexes_total",
] as const;

/** Families with a line a peer, and the label that names the peer. */
const PEER_FAMILIES = [
  { family: "etcd_network_active_peers", label: "Remote" },
  { family: "etcd_network_disconnected_peers_total", label: "Remote" },
  { family: "etcd_network_peer_sent_failures_total", label: "To" },
] as const;

export function createMetricsProbe(): Probe {
  /** The reading before, by series. */
  let before: ReadonlyMap<string, Histogram> = new Map();

  async function run({ etcd, signal }: ProbeContext): Promise<Observation> {
    const reading = readMetrics(await etcd.metricsBody(signal), etcd.otherMembers());
    const samples = [...reading.samples, ...summarizeAll(before, reading.histograms)];
    before = reading.histograms;
    return { samples };
  }

  return { name: "metrics", cadence: "normal", timeLimitMs: TIME_LIMIT_MS, run };
}

interface Reading {
  readonly samples: readonly Sample[];
  /** By `family` or `family to`. */
  readonly histograms: ReadonlyMap<string, Histogram>;
}

/** Exported for its tests: everything but the differences. */
export function readMetrics(body: Buffer, others: readonly EtcdMember[]): Reading {
  const text = new MetricText(body);
  const names = new Map(others.map((member) => [formatId(member.id), member.name]));
  const samples: Sample[] = [];
  const histograms = new Map<string, Histogram>();
  const compacted = text.findValue(COMPACTED_FAMILY);
  if (compacted !== undefined) {
    samples.push({ key: COMPACTED_FAMILY, value: compacted });
  }
  for (const { family } of DISK_HISTOGRAMS) {
    for (const histogram of text.findHistograms(family).values()) {
      histograms.set(family, histogram);
    }
  }
  for (const { family, label } of PEER_FAMILIES.slice(0, 2)) {
    addPeerSamples(family, label);
  }
  for (const [id, histogram] of text.findHistograms(ROUND_TRIP_FAMILY, "To")) {
    histograms.set(`${ROUND_TRIP_FAMILY} ${names.get(id) ?? id}`, histogram);
  }
  for (const { family, label } of PEER_FAMILIES.slice(2)) {
    addPeerSamples(family, label);
  }
  for (const family of PLAIN_FAMILIES) {
    const value = text.findValue(family);
    if (value !== undefined) {
      samples.push({ key: family, value });
    }
  }
  const handled = new Map<string, number>();
  for (const { labels, value } of text.findLines("grpc_server_handled_total", true)) {
    const code = findLabel(labels, "grpc_code") ?? "";
    handled.set(code, (handled.get(code) ?? 0) + value);
  }
  for (const [code, value] of handled) {
    samples.push({ key: seriesKey("grpc_server_handled_total", { grpc_code: code }), value });
  }
  return { samples, histograms };

  /** etcd keeps lines of members that have gone, and has one for itself now and then: those keep their id as name. */
  function addPeerSamples(family: string, label: string): void {
    for (const { labels, value } of text.findLines(family)) {
      const id = findLabel(labels, label) ?? "";
      samples.push({ key: seriesKey(family, { to: names.get(id) ?? id }), value });
    }
  }
}

function summarizeAll(
  before: ReadonlyMap<string, Histogram>,
  after: ReadonlyMap<string, Histogram>,
): readonly Sample[] {
  const samples: Sample[] = [];
  for (const [key, histogram] of after) {
    const earlier = before.get(key);
    const summary = earlier === undefined ? undefined : summarizeInterval(earlier, histogram, QUANTILES);
    const [family = "", to] = key.split(" ");
    if (summary !== undefined) {
      pushQuantiles(samples, summary, { family, labels: to === undefined ? {} : { to } });
    }
    const disk = DISK_HISTOGRAMS.find((one) => one.family === family);
    if (disk !== undefined && earlier !== undefined) {
      samples.push({ key: disk.count, value: summary?.count ?? 0 });
      if (summary !== undefined) {
        samples.push({ key: `${family}_mean`, value: Math.round(summary.mean * 1e6) / 1e6 });
      }
    }
  }
  return samples;
}

function pushQuantiles(
  samples: Sample[],
  summary: IntervalSummary,
  { family, labels }: { readonly family: string; readonly labels: Labels },
): void {
  for (const { quantile, lower, upper } of summary.quantiles) {
    const bounds = { lower, upper };
    for (const bound of ["lower", "upper"] as const) {
      const value = bounds[bound];
      if (value !== undefined) {
        const key = seriesKey(`${family}_quantile`, { ...labels, quantile: String(quantile), bound });
        samples.push({ key, value });
      }
    }
  }
}

/** Incidents, changes, movers and stops for the API: reads the history, asks the pure rooms. */
import type { Clock } from "../shared/clock.ts";
import { METRIC_CATALOGUE, type MetricDescription } from "../shared/metric-catalogue.ts";
import type { Mover, MoversAnswer } from "../shared/rest-incident.ts";
import type { IncidentRecord } from "../shared/incident-record.ts";
import type { Note, NoteKind } from "../shared/note.ts";
import type { Text } from "../shared/text.ts";
import { EtcdscopeError } from "../shared/errors.ts";
import type { IncidentSource, SpanOfTime } from "./api/incident-source.ts";
import type { Evaluation } from "./diagnosis/evaluate.ts";
import { formatNames, formatTime } from "./diagnosis/format.ts";
import type { HistoryDoor } from "./history/history-door.ts";
import { buildIncident, DAY_MS, reportNote, summarizeIncident, TRAIL_MS } from "./incident/build-incident.ts";
import { canStop } from "./incident/can-stop.ts";
import { TOLD_KINDS } from "./incident/describe-change.ts";
import { compareSeries, rankMovers } from "./incident/find-movers.ts";
import { mergeRecorded } from "./incident/recorded-changes.ts";

export interface IncidentReaderOptions {
  readonly history: HistoryDoor;
  readonly clock: Clock;
  readonly find: (cluster: string) => Evaluation | undefined;
  /** Incidents as they are now, which may not be written yet. */
  readonly live: (cluster: string) => readonly IncidentRecord[];
}

/** What an incident's page compares; `movers` compares everything. */
const TREND_METRICS: ReadonlySet<string> = new Set([
  "etcd_disk_wal_fsync_duration_seconds_mean",
  "etcd_disk_backend_commit_duration_seconds_mean",
  "etcd_status_db_size_bytes",
  "etcd_server_proposals_committed_total",
  "etcd_server_proposals_failed_total",
  "etcd_server_heartbeat_send_failures_total",
  "etcd_server_leader_changes_seen_total",
  "process_resident_memory_bytes",
]);
/** Steps in both halves together; even, so that they part where the halves do. */
const POINTS = 80;
/** Others wait behind a comparison; what is left then is told as not compared. */
const TREND_BUDGET_MS = 4_000;
const MOVERS_BUDGET_MS = 15_000;
const MAX_TREND_SPAN_MS = 3_600_000;
const MIN_TREND_SPAN_MS = 60_000;

/** One line a reason. */
function sayUncompared(unknown: MoversAnswer["unknown"]): readonly Text[] {
  const reasons = new Map(unknown.map(({ because }) => [because.en, because]));
  return [...reasons.values()].map((because) => {
    const metrics = unknown.filter((one) => one.because.en === because.en).map(({ metric }) => metric);
    const names = formatNames(metrics);
    return {
      en: `not compared, ${because.en}: ${names.en}`,
      zh: `未对比（${because.zh}）：${names.zh}`,
    };
  });
}

export function createIncidentReader(options: IncidentReaderOptions): IncidentSource {
  const { history, clock } = options;

  async function compare(
    cluster: string,
    span: SpanOfTime,
    limits: { readonly metrics: readonly MetricDescription[]; readonly budgetMs: number },
  ): Promise<Pick<MoversAnswer, "movers" | "unknown">> {
    const lengthMs = span.toMs - span.fromMs;
    const known = new Set((await history.knownSeries(cluster)).map(({ metric }) => metric));
    const endUs = clock.monotonicUs() + limits.budgetMs * 1000;
    const movers: Mover[] = [];
    const unknown: { readonly metric: string; readonly because: Text }[] = [];
    for (const metric of limits.metrics.filter(({ name }) => known.has(name))) {
      if (clock.monotonicUs() > endUs) {
        unknown.push({
          metric: metric.name,
          because: { en: "no time left: ask for a shorter span", zh: "时间不足：请缩短时段" },
        });
        continue;
      }
      const series = await history.series({
        cluster,
        metric: metric.name,
        node: undefined,
        fromMs: Math.max(0, span.fromMs - lengthMs),
        toMs: span.toMs,
        points: POINTS,
      });
      const compared = compareSeries(metric, series, span);
      if (compared.length === 0) {
        unknown.push({
          metric: metric.name,
          because: { en: "no values in one of the two spans", zh: "其中一个时段没有数据" },
        });
      }
      movers.push(...compared);
    }
    return { movers: rankMovers(movers), unknown };
  }

  /** With what is recorded of the span's changes. That it cannot be had is told, and nothing more. */
  async function addRecorded(
    cluster: string,
    { fromMs, toMs }: SpanOfTime,
    notes: readonly Note[],
  ): Promise<{ readonly notes: readonly Note[]; readonly unknown: readonly Text[] }> {
    try {
      const recorded = await history.changes({ cluster, fromMs, toMs, kinds: TOLD_KINDS });
      return { notes: mergeRecorded(notes, recorded), unknown: [] };
    } catch (caught) {
      const { message } = EtcdscopeError.from(caught);
      return {
        notes,
        unknown: [
          {
            en: `changes that came late could not be read: ${message}`,
            zh: `无法读取迟到的变更：${message}`,
          },
        ],
      };
    }
  }

  async function findRecord(cluster: string, id: string): Promise<IncidentRecord | undefined> {
    return options.live(cluster).find((one) => one.id === id) ?? (await history.incident(cluster, id));
  }

  /** The trends of an incident are a help: that they cannot be had is told, and nothing more. */
  async function readTrends(
    record: IncidentRecord,
    nowMs: number,
  ): Promise<{ readonly movers: readonly Mover[]; readonly unknown: readonly Text[] }> {
    const toMs = Math.min(
      nowMs,
      Math.max(record.resolvedMs ?? nowMs, record.openedMs + MIN_TREND_SPAN_MS),
      record.openedMs + MAX_TREND_SPAN_MS,
    );
    if (toMs <= record.openedMs) {
      return { movers: [], unknown: [] };
    }
    try {
      const { movers, unknown } = await compare(
        record.cluster,
        { fromMs: record.openedMs, toMs },
        {
          metrics: METRIC_CATALOGUE.filter(({ name }) => TREND_METRICS.has(name)),
          budgetMs: TREND_BUDGET_MS,
        },
      );
      return {
        movers,
        unknown: sayUncompared(unknown),
      };
    } catch (caught) {
      const { message } = EtcdscopeError.from(caught);
      return {
        movers: [],
        unknown: [{ en: `trends could not be read: ${message}`, zh: `无法读取趋势：${message}` }],
      };
    }
  }

  return {
    async list(cluster, { fromMs, toMs }) {
      const nowMs = clock.nowMs();
      const live = options
        .live(cluster)
        .filter(({ openedMs, resolvedMs }) => openedMs <= toMs && (resolvedMs ?? Infinity) >= fromMs);
      const ids = new Set(live.map(({ id }) => id));
      const past = await history.incidents(cluster, fromMs, toMs);
      return [...live, ...past.filter(({ id }) => !ids.has(id))]
        .toSorted((one, other) => other.openedMs - one.openedMs)
        .map((record) => summarizeIncident(record, nowMs));
    },
    async find(cluster, id) {
      const nowMs = clock.nowMs();
      const record = await findRecord(cluster, id);
      if (record === undefined) {
        return undefined;
      }
      const endMs = record.resolvedMs ?? nowMs;
      const span = { fromMs: record.openedMs - DAY_MS, toMs: endMs + TRAIL_MS };
      const [recorded, notes, trends] = await Promise.all([
        history.findings(cluster, record.openedMs - TRAIL_MS, endMs + TRAIL_MS),
        history.notes({ cluster, kind: undefined, ...span }),
        readTrends(record, nowMs),
      ]);
      const told = await addRecorded(cluster, span, notes);
      // What is active now has newer texts than what was written.
      const active = options.find(cluster)?.state.findings ?? [];
      const ids = new Set(active.map((finding) => finding.id));
      const findings = [...active, ...recorded.filter((finding) => !ids.has(finding.id))];
      return buildIncident({
        record,
        findings,
        notes: told.notes,
        trends: trends.movers,
        nowMs,
        unknown: [...trends.unknown, ...told.unknown],
      });
    },
    async notes(cluster, kind, { fromMs, toMs }) {
      const read = (one: NoteKind): Promise<readonly Note[]> =>
        history.notes({ cluster, kind: one, fromMs, toMs });
      const notes = await read(kind);
      if (kind === "event") {
        return notes.map(reportNote);
      }
      const told = await addRecorded(cluster, { fromMs, toMs }, [...notes, ...(await read("event"))]);
      return told.notes
        .filter((note) => note.kind === kind)
        .toSorted((one, other) => other.atMs - one.atMs)
        .map(reportNote);
    },
    async movers(cluster, span) {
      const compared = await compare(cluster, span, {
        metrics: METRIC_CATALOGUE,
        budgetMs: MOVERS_BUDGET_MS,
      });
      return { cluster, from: formatTime(span.fromMs), to: formatTime(span.toMs), ...compared };
    },
    canStop(cluster, name) {
      const evaluation = options.find(cluster);
      const member = evaluation?.cluster.members.find((one) => one.name === name);
      return evaluation === undefined || member === undefined
        ? undefined
        : canStop(evaluation.cluster, member, evaluation.state.findings);
    },
  };
}

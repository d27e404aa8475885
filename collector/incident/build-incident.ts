/** An incident's whole page from what is recorded: one timeline over all nodes, impact, what changed before. Pure. */
import type { IncidentRecord, Span } from "../../shared/incident-record.ts";
import { isRootCause } from "../../shared/incident-record.ts";
import type { Note } from "../../shared/note.ts";
import type {
  Incident,
  IncidentImpact,
  IncidentSummary,
  Mover,
  NoteReport,
  Stretch,
  TimelineEntry,
} from "../../shared/rest-incident.ts";
import type { Finding } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import { formatDuration, formatNames, formatTime, joinTexts } from "../diagnosis/format.ts";
import { explainElection, listElections } from "./explain-election.ts";
import { totalMs } from "./spans.ts";

/** What came right before belongs to the story. */
export const LEAD_MS = 2 * 60_000;
/** What came right after shows how it ended. */
export const TRAIL_MS = 2 * 60_000;
export const DAY_MS = 86_400_000;
/** A timeline that is longer is read by nobody; its two ends tell how it began and how it ended. */
const MAX_TIMELINE_HEAD = 300;
const MAX_TIMELINE_TAIL = 100;
const MAX_CHANGES = 100;
/** The same seen from several nodes within this is one. */
const SAME_WITHIN_MS = 120_000;

export interface IncidentSources {
  readonly record: IncidentRecord;
  /** Of the span, from the history. */
  readonly findings: readonly Finding[];
  /** From a day before it to its end and a little after. */
  readonly notes: readonly Note[];
  readonly trends: readonly Mover[];
  readonly nowMs: number;
  readonly unknown: readonly Text[];
}

export function summarizeIncident(record: IncidentRecord, nowMs: number): IncidentSummary {
  const causes = record.findings.filter(isRootCause).toSorted((a, b) => a.sinceMs - b.sinceMs);
  const endMs = record.resolvedMs ?? nowMs;
  return {
    id: record.id,
    cluster: record.cluster,
    status: record.status,
    kind: record.kind,
    severity: record.severity,
    title: titleOf(record),
    openedAt: formatTime(record.openedMs),
    resolvedAt: record.resolvedMs === null ? null : formatTime(record.resolvedMs),
    durationMs: Math.max(0, endMs - record.openedMs),
    reopened: record.reopened,
    rootCauses: causes.map(({ id, code, severity, subject, title }) => ({
      id,
      code,
      severity,
      subject,
      title,
    })),
    findingCount: record.findings.length + record.leftOut,
  };
}

function titleOf(record: IncidentRecord): Text {
  if (record.kind === "maintenance") {
    const members = Object.keys(record.impact.away).sort();
    const names = formatNames(members);
    if (members.length === 1) {
      return { en: `Restart of ${names.en}`, zh: `${names.zh} 重启` };
    }
    return { en: `Restart of ${names.en}, one at a time`, zh: `${names.zh} 逐个重启` };
  }
  const causes = record.findings.filter(isRootCause);
  const first =
    causes.find(({ severity }) => severity === record.severity) ?? causes[0] ?? record.findings[0];
  const more = causes.length - 1;
  const title = first?.title ?? { en: "?", zh: "?" };
  return more > 0 ? { en: `${title.en} (and ${more} more)`, zh: `${title.zh}（及另外 ${more} 项）` } : title;
}

export function buildIncident(sources: IncidentSources): Incident {
  const { record, nowMs } = sources;
  const ids = new Set(record.findings.map(({ id }) => id));
  const findings = sources.findings
    .filter(({ id }) => ids.has(id))
    .map((one) => restoreCauses(one, record))
    .toSorted((a, b) => Date.parse(a.since) - Date.parse(b.since));
  const story = sources.notes.filter(({ atMs }) => atMs >= record.openedMs - LEAD_MS);
  const changes = mergeSame(
    sources.notes.filter(({ atMs, kind, code }) => atMs < record.openedMs && isChange(kind, code)),
  );
  const left = Math.max(0, changes.length - MAX_CHANGES);
  return {
    ...summarizeIncident(record, nowMs),
    impact: describeImpact(record, nowMs),
    findings,
    timeline: buildTimeline(record, story, findings),
    changesBefore: changes.slice(-MAX_CHANGES).map(reportNote),
    trends: sources.trends,
    unknown: [
      ...sources.unknown,
      ...(story.length > MAX_TIMELINE_HEAD
        ? [
            {
              en: "the timeline may leave out the middle of a long story: events and changes have all of it",
              zh: "时间线可能省略了中间部分：完整内容见 events 与 changes",
            },
          ]
        : []),
      ...(left > 0
        ? [
            {
              en: `${left} older changes of the day before are not shown`,
              zh: `前一天还有 ${left} 项更早的变更未列出`,
            },
          ]
        : []),
    ],
  };
}

/** Restarts are changes to somebody who asks what was done before it broke; links come and go by themselves. */
function isChange(kind: Note["kind"], code: string): boolean {
  return kind === "change"
    ? !code.startsWith("link_")
    : code === "process_started" || code === "process_exited";
}

/** What the incident kept of causes: a finding that is over has forgotten them. */
function restoreCauses(finding: Finding, record: IncidentRecord): Finding {
  const kept = record.findings.find(({ id }) => id === finding.id);
  if (kept === undefined) {
    return finding;
  }
  const explains = record.findings
    .filter(({ causedBy }) => causedBy.includes(finding.id))
    .map(({ id }) => id);
  return { ...finding, rootCause: isRootCause(kept), causedBy: kept.causedBy, explains };
}

export function reportNote(note: Note): NoteReport {
  const { id, atMs, node, code, subject, text, attributes, isClockMeasured } = note;
  return { id, at: formatTime(atMs), node, code, subject, text, attributes, isClockMeasured };
}

/** Every node tells of the same member list: the first to see it stands for all. Oldest first. */
function mergeSame(notes: readonly Note[]): readonly Note[] {
  const kept: Note[] = [];
  const last = new Map<string, number>();
  for (const note of notes.toSorted((a, b) => a.atMs - b.atMs)) {
    const key = note.code.startsWith("member_") || note.code.startsWith("alarm_") ? note.text.en : note.id;
    const seenMs = last.get(key);
    if (seenMs === undefined || note.atMs - seenMs > SAME_WITHIN_MS) {
      kept.push(note);
    }
    last.set(key, note.atMs);
  }
  return kept;
}

function buildTimeline(
  record: IncidentRecord,
  notes: readonly Note[],
  findings: readonly Finding[],
): readonly TimelineEntry[] {
  const elections = listElections(notes).map((election): TimelineEntry => ({
    at: formatTime(election.atMs),
    kind: "leader",
    code: "leader_elected",
    node: election.to,
    severity: "warning",
    text: explainElection(election, notes, findings),
    isClockMeasured: election.isClockMeasured,
  }));
  const seen = mergeSame(
    notes.filter(({ code, attributes }) => code !== "leader_changed" || attributes["to"] === ""),
  ).map((note): TimelineEntry => ({
    at: formatTime(note.atMs),
    kind: note.code === "leader_changed" ? "leader" : note.kind,
    code: note.code,
    node: note.node,
    severity: "info",
    text: note.text,
    isClockMeasured: note.isClockMeasured,
  }));
  const told = findings.flatMap((finding) => tellFinding(finding));
  const [begun, ended] = tellIncident(record);
  return [...begun, ...told, ...elections, ...seen, ...ended]
    .toSorted((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0))
    .filter((_, index, all) => index < MAX_TIMELINE_HEAD || index >= all.length - MAX_TIMELINE_TAIL);
}

function tellFinding(finding: Finding): readonly TimelineEntry[] {
  const { code, severity, title, subject } = finding;
  const node = subject.kind === "cluster" ? null : subject.name;
  const common = { kind: "finding", code, node, isClockMeasured: true } as const;
  const began: TimelineEntry = { ...common, at: finding.since, severity, text: title };
  return finding.until === null
    ? [began]
    : [
        began,
        {
          ...common,
          at: finding.until,
          severity: "info",
          text: { en: `over: ${title.en}`, zh: `已恢复：${title.zh}` },
        },
      ];
}

/** Its first and its last lines. */
function tellIncident(record: IncidentRecord): readonly [readonly TimelineEntry[], readonly TimelineEntry[]] {
  const common = { kind: "incident", node: null, isClockMeasured: true } as const;
  const begun: TimelineEntry = {
    ...common,
    at: formatTime(record.openedMs),
    code: "opened",
    severity: record.severity,
    text: { en: "the incident begins", zh: "事件开始" },
  };
  const ended: readonly TimelineEntry[] =
    record.resolvedMs === null
      ? []
      : [
          {
            ...common,
            at: formatTime(record.resolvedMs),
            code: "resolved",
            severity: "info",
            text: { en: "the incident is over", zh: "事件结束" },
          },
        ];
  return [[begun], ended];
}

function describeImpact({ impact, openedMs }: IncidentRecord, nowMs: number): IncidentImpact {
  const stretch = ({ fromMs, toMs }: Span): Stretch => ({
    from: formatTime(fromMs),
    to: toMs === null ? null : formatTime(toMs),
  });
  const members = Object.entries(impact.away).map(([member, spans]) => ({
    member,
    away: spans.map(stretch),
    awayMs: totalMs(spans, nowMs),
  }));
  const noWritesMs = totalMs(impact.noWrites, nowMs);
  const leaderlessMs = totalMs(impact.leaderless, nowMs);
  return {
    noWrites: impact.noWrites.map(stretch),
    noWritesMs,
    leaderless: impact.leaderless.map(stretch),
    leaderlessMs,
    members,
    unseen: impact.unseen.map(stretch),
    summary: sayImpact({
      noWritesMs,
      leaderlessMs,
      unseenMs: totalMs(impact.unseen, nowMs),
      members,
      openedMs,
    }),
  };
}

function sayImpact(total: {
  readonly noWritesMs: number;
  readonly leaderlessMs: number;
  readonly unseenMs: number;
  readonly members: IncidentImpact["members"];
  readonly openedMs: number;
}): Text {
  const writes = formatDuration(total.noWritesMs);
  const leaderless = formatDuration(total.leaderlessMs);
  const unseen = formatDuration(total.unseenMs);
  const parts: Text[] = [
    total.noWritesMs > 0
      ? { en: `no writes for ${writes.en}`, zh: `${writes.zh}无法写入` }
      : { en: "writes went on", zh: "写入未中断" },
  ];
  if (total.leaderlessMs > 0) {
    parts.push({ en: `without a leader for ${leaderless.en}`, zh: `${leaderless.zh}没有 leader` });
  }
  for (const { member, awayMs } of total.members) {
    const away = formatDuration(awayMs);
    parts.push({ en: `${member} away for ${away.en}`, zh: `${member} 离线 ${away.zh}` });
  }
  if (total.unseenMs > 0) {
    parts.push({ en: `nothing was seen for ${unseen.en}`, zh: `${unseen.zh}没有观察数据` });
  }
  return joinTexts(parts);
}

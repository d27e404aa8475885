/** An incident as a post-mortem that a person would send: plain sections in one language; how it looks is elsewhere. */
import type { Incident, IncidentReport, Mover, Stretch } from "../../shared/rest-incident.ts";
import type { Finding } from "../../shared/rest.ts";
import type { Language, Text } from "../../shared/text.ts";
import { formatBytes, formatDuration } from "../diagnosis/format.ts";

export type ReportBlock =
  | { readonly kind: "paragraph"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly string[] }
  | {
      readonly kind: "table";
      readonly head: readonly string[];
      readonly rows: readonly (readonly string[])[];
    };

export interface ReportSection {
  readonly heading: string;
  readonly blocks: readonly ReportBlock[];
}

export interface ReportDocument {
  readonly language: Language;
  readonly title: string;
  readonly sections: readonly ReportSection[];
}

const MAX_EVIDENCE = 5;
const MAX_TRENDS = 12;

const HEADINGS = {
  summary: { en: "Summary", zh: "概要" },
  impact: { en: "Impact", zh: "影响" },
  causes: { en: "Root causes and evidence", zh: "根本原因与证据" },
  effects: { en: "What followed from them", zh: "由此产生的影响" },
  timeline: {
    en: "Timeline (UTC, clocks corrected; ~ where a clock was never measured)",
    zh: "时间线（UTC，已校正时钟；~ 表示时钟未曾测量）",
  },
  before: { en: "What changed in the day before", zh: "前一天的变更" },
  trends: {
    en: "Trends: the span of the incident against the same time before",
    zh: "趋势：事件期间与之前同长时段对比",
  },
  followUps: { en: "Follow-ups", zh: "后续事项" },
  unknown: { en: "What could not be seen", zh: "未能看到的内容" },
} as const satisfies Record<string, Text>;

export function writeReport(report: IncidentReport, language: Language): ReportDocument {
  const { incident } = report;
  const say = (text: Text): string => text[language];
  const causes = incident.findings.filter(({ rootCause }) => rootCause);
  const effects = incident.findings.filter(({ rootCause }) => !rootCause);
  const section = (heading: Text, blocks: readonly ReportBlock[]): readonly ReportSection[] =>
    blocks.length === 0 ? [] : [{ heading: say(heading), blocks }];
  return {
    language,
    title: say({
      en: `Incident on ${incident.cluster}: ${incident.title.en}`,
      zh: `${incident.cluster} 事件报告：${incident.title.zh}`,
    }),
    sections: [
      ...section(HEADINGS.summary, [paragraph(say(summarize(report)))]),
      ...section(HEADINGS.impact, tellImpact(incident, language)),
      ...section(
        HEADINGS.causes,
        causes.flatMap((cause): readonly ReportBlock[] => [
          paragraph(`${cause.code}: ${sayBoth(cause, language)}`),
          ...list([
            ...cause.evidence
              .slice(0, MAX_EVIDENCE)
              .map(({ node, source, at, text }) => `${clock(at)} ${node} ${source}: ${say(text)}`),
            ...cause.ruledOut.map(({ code, because }) =>
              say({ en: `ruled out ${code}: ${because.en}`, zh: `已排除 ${code}：${because.zh}` }),
            ),
          ]),
        ]),
      ),
      ...section(
        HEADINGS.effects,
        list(effects.map((one) => `${clock(one.since)} ${one.code}: ${say(one.title)}`)),
      ),
      ...section(HEADINGS.timeline, [
        {
          kind: "table",
          head: language === "en" ? ["Time", "Where", "What"] : ["时间", "位置", "事项"],
          rows: incident.timeline.map(({ at, node, text, isClockMeasured }) => [
            `${isClockMeasured ? "" : "~"}${at.slice(5, 10)} ${at.slice(11, 23)}`,
            node ?? incident.cluster,
            say(text),
          ]),
        },
      ]),
      ...section(HEADINGS.before, [
        ...(incident.changesBefore.length === 0
          ? [paragraph(say({ en: "No change was seen.", zh: "未看到变更。" }))]
          : list(incident.changesBefore.map(({ at, node, text }) => `${clock(at)} ${node}: ${say(text)}`))),
      ]),
      ...section(HEADINGS.trends, tellTrends(incident.trends, language)),
      ...section(HEADINGS.followUps, list(report.followUps.map(say))),
      ...section(HEADINGS.unknown, list(incident.unknown.map(say))),
    ],
  };
}

/** Title and detail, which begins as a sentence does, unless it is a path or a name. */
function sayBoth({ title, detail }: Finding, language: Language): string {
  const rest = detail[language];
  if (language === "zh") {
    return `${title.zh}。${rest}。`;
  }
  return `${title.en}. ${/^[a-z]+ /.test(rest) ? rest.charAt(0).toUpperCase() + rest.slice(1) : rest}.`;
}

function paragraph(text: string): ReportBlock {
  return { kind: "paragraph", text };
}

function list(items: readonly string[]): readonly ReportBlock[] {
  return items.length === 0 ? [] : [{ kind: "list", items }];
}

/** "11-22 03:12:09Z" */
function clock(at: string): string {
  return `${at.slice(5, 10)} ${at.slice(11, 19)}Z`;
}

function summarize({ incident, generatedAt }: IncidentReport): Text {
  const { severity, openedAt, resolvedAt, durationMs, impact, kind, rootCauses, reopened } = incident;
  const took = formatDuration(durationMs);
  const isOpen = resolvedAt === null;
  const causes: Text = {
    en: rootCauses.map(({ title }) => title.en).join("; ") || "not known",
    zh: rootCauses.map(({ title }) => title.zh).join("；") || "未知",
  };
  const again: Text =
    reopened === 0
      ? { en: "", zh: "" }
      : { en: ` It came back ${reopened} time(s).`, zh: `期间复发 ${reopened} 次。` };
  const word: Text =
    kind === "maintenance"
      ? {
          en: "Recognised as maintenance (one member at a time, back within 2 min).",
          zh: "判定为维护操作（逐个成员，2 分钟内恢复）。",
        }
      : { en: `Severity: ${severity}.`, zh: `级别：${SEVERITY_ZH[severity]}。` };
  return {
    en: `${word.en} It began at ${clock(openedAt)} and ${isOpen ? `still goes on at ${clock(generatedAt)}, after ${took.en}` : `was over at ${clock(resolvedAt)}, after ${took.en}`}.${again.en} Root cause: ${causes.en}. Impact: ${impact.summary.en}.`,
    zh: `${word.zh}始于 ${clock(openedAt)}，${isOpen ? `截至 ${clock(generatedAt)} 仍在持续，已 ${took.zh}` : `于 ${clock(resolvedAt)} 结束，历时 ${took.zh}`}。${again.zh}根本原因：${causes.zh}。影响：${impact.summary.zh}。`,
  };
}

const SEVERITY_ZH = { critical: "严重", warning: "警告", info: "提示" } as const;

function tellImpact({ impact }: Incident, language: Language): readonly ReportBlock[] {
  const stretches = (all: readonly Stretch[]): Text => ({
    en: all.map(({ from, to }) => `${clock(from)} to ${to === null ? "now" : clock(to)}`).join(", "),
    zh: all.map(({ from, to }) => `${clock(from)} 至 ${to === null ? "现在" : clock(to)}`).join("，"),
  });
  const rows: readonly (readonly [Text, readonly Stretch[], number | undefined])[] = [
    [{ en: "No writes possible", zh: "无法写入" }, impact.noWrites, impact.noWritesMs],
    [{ en: "Without a leader", zh: "没有 leader" }, impact.leaderless, impact.leaderlessMs],
    ...impact.members.map(({ member, away, awayMs }): readonly [Text, readonly Stretch[], number] => [
      { en: `${member} away`, zh: `${member} 离线` },
      away,
      awayMs,
    ]),
    [{ en: "Nothing seen", zh: "无观察数据" }, impact.unseen, undefined],
  ];
  const items = rows
    .filter(([, all]) => all.length > 0)
    .map(([what, all, ms]) => {
      const took = formatDuration(ms ?? 0);
      const said = stretches(all);
      const lasted = ms === undefined ? { en: "", zh: "" } : { en: ` (${took.en})`, zh: `（${took.zh}）` };
      return { en: `${what.en}: ${said.en}${lasted.en}`, zh: `${what.zh}：${said.zh}${lasted.zh}` }[language];
    });
  return items.length > 0
    ? list(items)
    : [
        paragraph(
          { en: "Writes went on and no member was away.", zh: "写入未中断，没有成员离线。" }[language],
        ),
      ];
}

function tellTrends(trends: readonly Mover[], language: Language): readonly ReportBlock[] {
  if (trends.length === 0) {
    return [];
  }
  const head = language === "en" ? ["Metric", "Node", "Before", "During"] : ["指标", "节点", "之前", "期间"];
  const rows = trends
    .slice(0, MAX_TRENDS)
    .map(({ metric, node, labels, before, after, unit }) => [
      `${metric}${Object.keys(labels).length === 0 ? "" : ` ${Object.values(labels).join(" ")}`}`,
      node,
      formatValue(before, unit),
      formatValue(after, unit),
    ]);
  return [{ kind: "table", head, rows }];
}

function formatValue(value: number, unit: string): string {
  switch (unit) {
    case "bytes":
      return formatBytes(value);
    case "seconds":
      return `${Number((value * 1000).toPrecision(3))} ms`;
    default:
      return `${Number(value.toPrecision(3))} ${unit}`;
  }
}

/** Incidents for people: a table of them, or one with its impact, causes and timeline. */
import { formatDurationWords } from "./words.ts";
import type { Incident, IncidentSummary } from "../../shared/rest-incident.ts";
import type { Text } from "../../shared/text.ts";
import { SEVERITY_WORDS } from "../../shared/state-words.ts";
import type { Terminal } from "../terminal.ts";
import { SEVERITY_STYLES } from "./render-status.ts";
import { renderTable } from "./render-table.ts";
import { padText, wrapText } from "./text-width.ts";
import { shout } from "./words.ts";

const HEADS = {
  en: ["ID", "BEGAN (UTC)", "LASTED", "SEVERITY", "WHAT"],
  zh: ["ID", "开始 (UTC)", "持续", "级别", "事项"],
} as const;
/** The API gives all of it with --json. */
const MAX_TIMELINE = 60;
const LABEL_WIDTH = 9;

export function renderIncidentList(
  view: { readonly cluster: string; readonly incidents: readonly IncidentSummary[] },
  terminal: Terminal,
): string {
  const { language, columns } = terminal;
  if (view.incidents.length === 0) {
    const none = { en: "no incident in the last 30 days", zh: "最近 30 天没有事件" };
    return `${terminal.style("bold", view.cluster)}   ${none[language]}\n`;
  }
  const open = { en: "open", zh: "未结束" };
  return renderTable({
    head: HEADS[language],
    rows: view.incidents.map((one) => [
      { text: one.id },
      { text: one.openedAt.slice(0, 16).replace("T", " ") },
      {
        text: one.status === "open" ? open[language] : formatDurationWords(one.durationMs)[language],
        style: (text) => (one.status === "open" ? terminal.style("bold", text) : text),
      },
      {
        text: shout(SEVERITY_WORDS[one.severity])[language],
        style: (text) => terminal.style(SEVERITY_STYLES[one.severity], text),
      },
      { text: one.title[language] },
    ]),
    columns,
    indent: 0,
  });
}

export function renderIncident(incident: Incident, terminal: Terminal): string {
  const { language } = terminal;
  const lines: string[] = [];
  const add = (label: Text, text: string): void => {
    const width = terminal.columns - LABEL_WIDTH - 2;
    for (const [index, line] of wrapText(text, width).entries()) {
      lines.push(`  ${padText(index === 0 ? label[language] : "", LABEL_WIDTH)}${line}`);
    }
  };
  const ended = incident.resolvedAt ?? { en: "still open", zh: "未结束" }[language];
  add(
    { en: "when", zh: "时间" },
    `${incident.openedAt} → ${ended} (${formatDurationWords(incident.durationMs)[language]})`,
  );
  add({ en: "impact", zh: "影响" }, incident.impact.summary[language]);
  for (const cause of incident.rootCauses) {
    add({ en: "cause", zh: "原因" }, `${cause.code}  ${cause.title[language]}`);
  }
  for (const change of incident.changesBefore.slice(-5)) {
    add(
      { en: "before", zh: "此前" },
      `${change.at.slice(5, 16).replace("T", " ")} ${change.node}: ${change.text[language]}`,
    );
  }
  for (const one of incident.unknown) {
    add({ en: "unseen", zh: "未见" }, one[language]);
  }
  const severity = terminal.style(
    [SEVERITY_STYLES[incident.severity], "bold"],
    shout(SEVERITY_WORDS[incident.severity])[language],
  );
  const rows = incident.timeline.slice(0, MAX_TIMELINE).map(({ at, node, text, isClockMeasured }) => {
    const time = `${isClockMeasured ? " " : "~"}${at.slice(11, 23)}`;
    const lead = `  ${time} ${padText(node ?? "-", 6)} `;
    return wrapText(text[language], Math.max(30, terminal.columns - 22))
      .map((line, index) => `${index === 0 ? lead : " ".repeat(22)}${line}`)
      .join("\n");
  });
  const more = incident.timeline.length - rows.length;
  const rest =
    more > 0 ? [{ en: `  … ${more} more with --json`, zh: `  … 另有 ${more} 条，见 --json` }[language]] : [];
  return `${[
    `${terminal.style("bold", incident.cluster)}   ${severity}   ${incident.title[language]}`,
    ...lines,
    "",
    ...rows,
    ...rest,
  ].join("\n")}\n`;
}

/** What a log proves, for people: the likely cause first with the lines that prove it, then what it explains, then when. */
import type { LogCause, LogEpisode, LogSummary } from "../../shared/log/summarize.ts";
import { findLogText, findNextStep } from "../../shared/log/texts.ts";
import { formatTimestamp } from "../../shared/parse-timestamp.ts";
import type { Language } from "../../shared/text.ts";
import { SEVERITY_WORDS } from "../../shared/state-words.ts";
import type { Terminal } from "../terminal.ts";
import { SEVERITY_STYLES } from "./render-status.ts";
import { cutText, wrapText } from "./text-width.ts";
import { shout } from "./words.ts";

const INDENT = "  ";
/** More are counted, not told; of the episodes the newest are. */
const MAX_CAUSES = 5;
const MAX_EPISODES = 20;
/** An excerpt is told in so many rows at most. */
const EXCERPT_ROWS = 3;

export function renderLogs(summary: LogSummary, terminal: Terminal): string {
  const { language } = terminal;
  const { lines, events } = summary;
  const head = {
    en: `${lines} lines, ${events} of them events`,
    zh: `共 ${lines} 行，其中 ${events} 行为事件`,
  };
  if (events === 0) {
    const nothing = {
      en: "no known fault of etcd in these lines; that does not prove that there is none",
      zh: "日志中没有已知的 etcd 故障；但这不证明没有故障",
    };
    return `${head[language]}\n\n${INDENT}${nothing[language]}\n`;
  }
  return [
    `${head[language]}\n`,
    ...summary.causes.slice(0, MAX_CAUSES).map((cause, index) => renderCause(cause, index, terminal)),
    renderMore(summary.causes.length - MAX_CAUSES, language),
    renderTimeline(summary, terminal),
  ].join("");
}

function renderCause(cause: LogCause, index: number, terminal: Terminal): string {
  const { language } = terminal;
  const words = findLogText(cause.code);
  const next =
    words === undefined
      ? undefined
      : findNextStep(
          words,
          cause.evidence.map(({ excerpt }) => excerpt),
        );
  const likely = { en: "   likely cause", zh: "   可能的原因" };
  const over = { en: "   over: etcd served again afterwards", zh: "   已恢复：之后 etcd 重新提供服务" };
  const severity = terminal.style(
    SEVERITY_STYLES[cause.severity],
    shout(SEVERITY_WORDS[cause.severity])[language],
  );
  const labels = {
    next: { en: "now: ", zh: "现在：" },
    explains: { en: "explains: ", zh: "可解释：" },
  };
  return [
    `\n${INDENT}${severity}  ${terminal.style("bold", cause.code)}${index === 0 ? likely[language] : ""}${cause.isOver ? over[language] : ""}`,
    ...indented(words?.title[language] ?? cause.code, terminal),
    ...indented(describeCount(cause, language), terminal),
    ...cause.evidence.flatMap(({ file, line, excerpt }) =>
      wrapText(
        cutText(`${file}:${line}  ${excerpt}`, (terminal.columns - 6) * EXCERPT_ROWS),
        terminal.columns - 6,
      ).map((row) => `      ${terminal.style("dim", row)}`),
    ),
    ...(next === undefined ? [] : indented(`${labels.next[language]}${next[language]}`, terminal)),
    ...(cause.explains.length === 0
      ? []
      : indented(`${labels.explains[language]}${cause.explains.join(", ")}`, terminal)),
    "",
  ].join("\n");
}

function describeCount(cause: LogCause, language: Language): string {
  const { count, firstAtMs, lastAtMs } = cause;
  const times = { en: count === 1 ? "once" : `${count} times`, zh: `${count} 次` };
  if (firstAtMs === undefined || lastAtMs === undefined) {
    return { en: `${times.en}; the lines carry no time`, zh: `${times.zh}；日志行没有时间` }[language];
  }
  const [first, last] = [formatTimestamp(firstAtMs), formatTimestamp(lastAtMs)];
  return firstAtMs === lastAtMs
    ? `${times[language]}, ${first}`
    : { en: `${times.en}, first ${first}, last ${last}`, zh: `${times.zh}，最早 ${first}，最近 ${last}` }[
        language
      ];
}

function renderTimeline(summary: LogSummary, terminal: Terminal): string {
  const { language } = terminal;
  if (summary.timeline.length === 0) {
    return "";
  }
  const title = { en: "timeline", zh: "时间线" };
  const shown = summary.timeline.slice(-MAX_EPISODES);
  const before = summary.timeline.length - shown.length + summary.timelineLeftOut;
  const earlier = { en: `… ${before} earlier`, zh: `…之前还有 ${before} 项` };
  return [
    `\n${terminal.style("bold", title[language])}\n`,
    before > 0 ? `${INDENT}${earlier[language]}\n` : "",
    ...shown.map((episode) => `${INDENT}${renderEpisode(episode)}\n`),
  ].join("");
}

function renderEpisode({ code, fromMs, toMs, count }: LogEpisode): string {
  const seconds = Math.round((toMs - fromMs) / 1000);
  return `${formatTimestamp(fromMs)}  ${code} ×${count}${seconds > 0 ? ` (${seconds} s)` : ""}`;
}

function renderMore(count: number, language: Language): string {
  return count > 0 ? `${INDENT}${{ en: `… and ${count} more`, zh: `…还有 ${count} 项` }[language]}\n` : "";
}

function indented(text: string, terminal: Terminal): string[] {
  return wrapText(text, terminal.columns - 4).map((line) => `    ${line}`);
}

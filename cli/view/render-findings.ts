/** Findings for people: what, since when, the evidence, and what explains what. */
import type { Evidence, Finding } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import { SEVERITY_WORDS } from "../../shared/state-words.ts";
import type { Terminal } from "../terminal.ts";
import { bySeverity, describeSubject, SEVERITY_STYLES } from "./render-status.ts";
import { wrapText } from "./text-width.ts";
import { ago, shout } from "./words.ts";

const INDENT = "  ";
/** The API gives all of it with --json. */
const MAX_EVIDENCE = 8;

export interface FindingsView {
  readonly cluster: string;
  readonly findings: readonly Finding[];
  readonly nowMs: number;
}

export function renderFindings(view: FindingsView, terminal: Terminal): string {
  const { language } = terminal;
  const count = view.findings.length;
  const none = { en: "nothing found", zh: "没有发现问题" };
  const some = { en: `${count} finding${count === 1 ? "" : "s"}`, zh: `${count} 项发现` };
  const head = `${terminal.style("bold", view.cluster)}   ${(count === 0 ? none : some)[language]}\n`;
  const known = new Map(view.findings.map((finding) => [finding.id, finding]));
  const blocks = [...view.findings]
    .sort((left, right) => Number(right.rootCause) - Number(left.rootCause) || bySeverity(left, right))
    .map((finding) => renderFinding(finding, { known, nowMs: view.nowMs, terminal }));
  return [head, ...blocks].join("\n");
}

interface Context {
  readonly known: ReadonlyMap<string, Finding>;
  readonly nowMs: number;
  readonly terminal: Terminal;
}

function renderFinding(finding: Finding, context: Context): string {
  const { terminal, nowMs } = context;
  const { language } = terminal;
  const severity = terminal.style(
    SEVERITY_STYLES[finding.severity],
    shout(SEVERITY_WORDS[finding.severity])[language],
  );
  const root = { en: "   root cause", zh: "   根本原因" };
  const sinceMs = Date.parse(finding.since);
  const ended = { en: `resolved ${finding.until ?? ""}`, zh: `已恢复 ${finding.until ?? ""}` };
  const when = finding.status === "resolved" ? ended[language] : ago(nowMs - sinceMs)[language];
  const lines = [
    `${INDENT}${severity}  ${terminal.style("bold", finding.code)}  ${describeSubject(finding.subject)}${finding.rootCause ? root[language] : ""}`,
    ...indented(finding.title[language], terminal),
    ...(finding.detail[language] === finding.title[language]
      ? []
      : indented(finding.detail[language], terminal)),
    ...entry({ en: "since", zh: "开始于" }, `${finding.since} (${when})`, terminal),
    ...finding.evidence
      .slice(0, MAX_EVIDENCE)
      .flatMap((evidence) =>
        entry({ en: "evidence", zh: "证据" }, describeEvidence(evidence, language), terminal),
      ),
    ...related({ en: "caused by", zh: "起因" }, finding.causedBy, context),
    ...related({ en: "explains", zh: "解释了" }, finding.explains, context),
    ...finding.ruledOut.flatMap(({ code, because }) =>
      entry({ en: "ruled out", zh: "已排除" }, `${code}: ${because[language]}`, terminal),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function describeEvidence(evidence: Evidence, language: keyof Text): string {
  return `${evidence.node} ${evidence.source} ${evidence.at.slice(11, 19)}Z: ${evidence.text[language]}`;
}

function related(label: Text, ids: readonly string[], context: Context): string[] {
  const names = ids.map((id) => {
    const finding = context.known.get(id);
    return finding === undefined ? id : `${finding.code} ${describeSubject(finding.subject)}`;
  });
  return names.length === 0 ? [] : entry(label, names.join(", "), context.terminal);
}

function entry(label: Text, text: string, terminal: Terminal): string[] {
  const lead = `${label[terminal.language]}  `;
  return indented(lead + text, terminal);
}

function indented(text: string, terminal: Terminal): string[] {
  return wrapText(text, terminal.columns - 6).map(
    (line, index) => `${" ".repeat(index === 0 ? 4 : 6)}${line}`,
  );
}

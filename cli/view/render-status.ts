/** What an operator reads first: one cluster's verdict, its causes and effects, what to do and what not, and its members. */
import { formatSizeBytes } from "../../shared/config/parse-size.ts";
import { listDangers } from "../../shared/list-dangers.ts";
import type {
  ClusterState,
  Finding,
  MemberReport,
  MemberState,
  Severity,
  Subject,
  Verdict,
} from "../../shared/rest.ts";
import type { Language, Text } from "../../shared/text.ts";
import { MEMBER_STATE_WORDS, VERDICT_WORDS } from "../../shared/state-words.ts";
import type { Style, Terminal } from "../terminal.ts";
import { listNextSteps, sayWhereEvidenceIs, sayWhereStepsAre } from "./next-steps.ts";
import { nameCause } from "./cause-words.ts";
import { renderTable, type Cell } from "./render-table.ts";
import { padText, textWidth, wrapText } from "./text-width.ts";
import { AGENT_WORDS, ago, HEADS, LABELS, ROLE_WORDS, shout } from "./words.ts";

/** More than these are counted, not told: the first ones matter. */
const MAX_CAUSES = 5;
const MAX_EFFECTS = 6;
const MAX_RULED_OUT = 6;
const MAX_UNSEEN = 3;
const MAX_LINKS = 6;
/** Looks are a second apart; a finding that several of them did not show is on its way out, or cannot be seen. */
const NOT_SEEN_NOW_MS = 2000;
const INDENT = 2;
const LABEL_WIDTH = 9;

/** The whole picture. The collector's own time of the state counts as now. */
export function renderStatus(state: ClusterState, terminal: Terminal): string {
  return [
    renderHeadline(state.cluster, state.verdict, { headline: state.headline, terminal }),
    renderReasons(state, terminal),
    "\n",
    renderMembers(state, terminal),
  ].join("");
}

/** "prod-a   AT RISK   2 of 3 voters serve: …" */
export function renderHeadline(
  cluster: string,
  verdict: Verdict,
  rest: { readonly headline: Text; readonly terminal: Terminal },
): string {
  const { terminal } = rest;
  const word = shout(VERDICT_WORDS[verdict])[terminal.language];
  const lead = textWidth(cluster) + textWidth(word) + 6;
  const lines = wrapText(rest.headline[terminal.language], Math.max(30, terminal.columns - lead));
  const [first = "", ...others] = lines;
  const styled = `${terminal.style("bold", cluster)}   ${terminal.style([VERDICT_STYLES[verdict], "bold"], word)}   ${first}\n`;
  return styled + others.map((line) => `${" ".repeat(lead)}${line}\n`).join("");
}

/** The lines between headline and members; empty for a cluster that is well. */
export function renderReasons(state: ClusterState, terminal: Terminal): string {
  const active = state.findings.filter(({ status }) => status === "active").sort(bySeverity);
  const causes = active.filter(({ id, rootCause }) => rootCause || state.rootCauses.includes(id));
  const others = active.filter((finding) => !causes.includes(finding) && !isInHeadline(finding, state));
  const effects = others.filter(({ subject }) => subject.kind !== "link");
  const links = others.filter(({ subject }) => subject.kind === "link");
  const lines = [
    ...causes.slice(0, MAX_CAUSES).map((finding) => findingLine(LABELS.cause, finding, { state, terminal })),
    ...effects
      .slice(0, MAX_EFFECTS)
      .map((finding) => findingLine(LABELS.effect, finding, { state, terminal })),
    ...linksLine(links, terminal),
    ...ruledOutLine(causes, terminal),
    ...state.coverage.blindSpots
      .slice(0, MAX_UNSEEN)
      .map((spot) => labelled(LABELS.unseen, spot[terminal.language], { terminal })),
  ];
  if (active.length > 0) {
    const runbook = sayWhereStepsAre(state, causes);
    const steps = [
      ...listNextSteps(causes),
      ...(runbook === undefined ? [] : [runbook]),
      sayWhereEvidenceIs(state, active.length),
    ];
    lines.push(...steps.map((step) => labelled(LABELS.now, step[terminal.language], { terminal })));
  }
  lines.push(
    ...listDangers(state).map((danger) => labelled(LABELS.doNot, danger[terminal.language], { terminal })),
  );
  return lines.join("");
}

interface LineContext {
  readonly state: ClusterState;
  readonly terminal: Terminal;
}

function findingLine(label: Text, finding: Finding, context: LineContext): string {
  const { terminal, state } = context;
  const [title, detail] = [finding.title[terminal.language], finding.detail[terminal.language]];
  const what = detail === "" || detail === title ? title : joinSentences(title, detail, terminal.language);
  // Most titles name their subject, and the line above has named the cluster.
  const isNamed = finding.subject.kind === "cluster" || title.includes(finding.subject.name);
  const subject = isNamed ? "" : `${describeSubject(finding.subject)}  `;
  const text = `${subject}${what}   ${describeTime(finding, { at: state.at, said: what })[terminal.language]}`;
  return labelled(label, text, { terminal, style: SEVERITY_STYLES[finding.severity] });
}

/**
 * "03:12:09Z, 4 min ago"; the date where it is another day; the age alone where the text has said the time; and when it
 * was seen last where it is over, or cannot be seen, by now.
 */
function describeTime(finding: Finding, context: { readonly at: string; readonly said: string }): Text {
  const { at, said } = context;
  const isSameDay = finding.since.slice(0, 10) === at.slice(0, 10);
  const time = isSameDay ? `${finding.since.slice(11, 19)}Z` : finding.since.slice(0, 10);
  const since = said.includes(time) ? "" : `${time}, `;
  const age = ago(Date.parse(at) - Date.parse(finding.since));
  const unseenMs = Date.parse(at) - Date.parse(finding.lastSeen);
  const last = ago(unseenMs);
  const isOver = unseenMs >= NOT_SEEN_NOW_MS;
  return {
    en: `${since}${age.en}${isOver ? `, last seen ${last.en}` : ""}`,
    zh: `${since}${age.zh}${isOver ? `，最后一次见于 ${last.zh}` : ""}`,
  };
}

/** The verdict is made of these: its headline says the same. */
const IN_HEADLINE: Readonly<Partial<Record<Verdict, readonly string[]>>> = {
  "at-risk": ["QUORUM_AT_RISK"],
  "no-leader": ["NO_LEADER", "QUORUM_AT_RISK"],
  // What was still at risk a moment ago is lost by now.
  "quorum-lost": ["QUORUM_LOST", "NO_LEADER", "QUORUM_AT_RISK"],
};

function isInHeadline(finding: Finding, state: ClusterState): boolean {
  const isPart = IN_HEADLINE[state.verdict]?.includes(finding.code) ?? false;
  return isPart || finding.detail.en === state.headline.en;
}

/** A member that is out breaks a link with each other one: one line tells them all. */
function linksLine(links: readonly Finding[], terminal: Terminal): string[] {
  if (links.length === 0) {
    return [];
  }
  const shown = links.slice(0, MAX_LINKS).map(({ subject }) => describeSubject(subject));
  const names = `${shown.join(", ")}${links.length > shown.length ? ", …" : ""}`;
  const text = {
    en: `${links.length} peer link${links.length === 1 ? " is" : "s are"} down: ${names}`,
    zh: `${links.length} 条对等链路中断：${names}`,
  };
  return [labelled(LABELS.effect, text[terminal.language], { terminal })];
}

function joinSentences(title: string, detail: string, language: Language): string {
  if (language === "zh") {
    return `${title}。${detail}`;
  }
  // A path or a name begins as it is written.
  const isWord = /^[a-z]+ /.test(detail);
  return `${title}. ${isWord ? detail.charAt(0).toUpperCase() + detail.slice(1) : detail}`;
}

function ruledOutLine(causes: readonly Finding[], terminal: Terminal): string[] {
  const all = causes.flatMap(({ ruledOut }) => ruledOut);
  const distinct = all.filter((one, index) => all.findIndex(({ code }) => code === one.code) === index);
  const texts = distinct.slice(0, MAX_RULED_OUT).map(({ code, because }) => {
    const { en, zh } = nameCause(code);
    return terminal.language === "zh" ? `${zh}（${because.zh}）` : `${en} (${because.en})`;
  });
  return texts.length === 0 ? [] : [labelledList(LABELS.not, texts, terminal)];
}

/** Whole entries share a line where they fit; one that does not is wrapped alone. */
function labelledList(label: Text, entries: readonly string[], terminal: Terminal): string {
  const hang = INDENT + LABEL_WIDTH;
  const width = terminal.columns - hang;
  const comma = terminal.language === "zh" ? "、" : ", ";
  const lines: string[] = [];
  for (const [index, entry] of entries.entries()) {
    const text = index === entries.length - 1 ? entry : `${entry}${comma}`;
    const last = lines.at(-1) ?? "";
    if (last !== "" && textWidth(last + text.trimEnd()) <= width) {
      lines[lines.length - 1] = last + text;
    } else {
      lines.push(...wrapText(text.trimEnd(), width).map((line) => line));
      lines[lines.length - 1] += text.endsWith(" ") ? " " : "";
    }
  }
  const word = terminal.style("dim", padText(label[terminal.language], LABEL_WIDTH));
  return lines
    .map((line, index) => `${index > 0 ? " ".repeat(hang) : " ".repeat(INDENT) + word}${line.trimEnd()}\n`)
    .join("");
}

function labelled(
  label: Text,
  text: string,
  look: { readonly terminal: Terminal; readonly style?: Style },
): string {
  const { terminal, style = "dim" } = look;
  const hang = INDENT + LABEL_WIDTH;
  const word = terminal.style(style, padText(label[terminal.language], LABEL_WIDTH));
  return wrapText(text, terminal.columns - hang)
    .map((line, index) => `${index > 0 ? " ".repeat(hang) : " ".repeat(INDENT) + word}${line}\n`)
    .join("");
}

function renderMembers(state: ClusterState, terminal: Terminal): string {
  const { language } = terminal;
  const head = ["member", "role", "state", "version", "database", "applied", "agent"] as const;
  return renderTable({
    head: head.map((key) => HEADS[key][language]),
    rows: state.members.map((member) => memberRow(member, terminal)),
    columns: terminal.columns,
    indent: INDENT,
  });
}

function memberRow(member: MemberReport, terminal: Terminal): readonly Cell[] {
  const { language } = terminal;
  const role = ROLE_WORDS[member.role][language];
  return [
    { text: member.name },
    member.role === "leader" ? { text: role, style: (text) => terminal.style("bold", text) } : { text: role },
    {
      text: MEMBER_STATE_WORDS[member.state][language],
      style: (text) => terminal.style(STATE_STYLES[member.state], text),
    },
    { text: describeVersion(member) },
    { text: describeDatabase(member) },
    { text: member.appliedIndex ?? "-" },
    { text: AGENT_WORDS[member.agent.state][language] },
  ];
}

/** "3.6.4 → 3.5.0": a downgrade is under way. */
function describeVersion({ version, downgradeTarget }: MemberReport): string {
  return downgradeTarget ? `${version ?? "-"} → ${downgradeTarget}` : (version ?? "-");
}

function describeDatabase(member: MemberReport): string {
  if (member.dbSizeBytes === null) {
    return "-";
  }
  const inUse = member.dbInUseBytes === null ? "" : ` (${formatSizeBytes(member.dbInUseBytes)})`;
  return `${formatSizeBytes(member.dbSizeBytes)}${inUse}`;
}

/** "m1", "m1 → m3" for a link; a cluster's own findings need no name. */
export function describeSubject(subject: Subject): string {
  return subject.peer === undefined ? subject.name : `${subject.name} → ${subject.peer}`;
}

const SEVERITY_ORDER: readonly Severity[] = ["critical", "warning", "info"];

export function bySeverity(left: Finding, right: Finding): number {
  return (
    SEVERITY_ORDER.indexOf(left.severity) - SEVERITY_ORDER.indexOf(right.severity) ||
    left.since.localeCompare(right.since)
  );
}

export const SEVERITY_STYLES: Readonly<Record<Severity, Style>> = {
  critical: "red",
  warning: "yellow",
  info: "dim",
};

export const VERDICT_STYLES: Readonly<Record<Verdict, Style>> = {
  healthy: "green",
  degraded: "yellow",
  "at-risk": "yellow",
  "no-leader": "red",
  "quorum-lost": "red",
  unknown: "magenta",
};

const STATE_STYLES: Readonly<Record<MemberState, Style>> = {
  serving: "green",
  "no-quorum": "red",
  hung: "red",
  down: "red",
  unreachable: "red",
  removed: "dim",
  unknown: "magenta",
};

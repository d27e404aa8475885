/** What an operator reads first: one cluster's verdict, its causes and effects, what to do and what not, and its members. */
import { formatSizeBytes } from "../../shared/config/parse-size.ts";
import type {
  ClusterState,
  Finding,
  MemberReport,
  MemberState,
  Severity,
  Subject,
  Verdict,
} from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import type { Style, Terminal } from "../terminal.ts";
import { renderTable, type Cell } from "./render-table.ts";
import { padText, textWidth, wrapText } from "./text-width.ts";
import { AGENT_WORDS, ago, HEADS, LABELS, ROLE_WORDS, STATE_WORDS, VERDICT_WORDS } from "./words.ts";

/** More than these are counted, not told: the first ones matter. */
const MAX_CAUSES = 5;
const MAX_EFFECTS = 6;
const MAX_RULED_OUT = 6;
const MAX_UNSEEN = 3;
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
  const word = VERDICT_WORDS[verdict][terminal.language];
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
  // What the headline has said already is not said again.
  const effects = active.filter(
    (finding) => !causes.includes(finding) && finding.detail.en !== state.headline.en,
  );
  const lines = [
    ...causes.slice(0, MAX_CAUSES).map((finding) => findingLine(LABELS.cause, finding, { state, terminal })),
    ...effects
      .slice(0, MAX_EFFECTS)
      .map((finding) => findingLine(LABELS.effect, finding, { state, terminal })),
    ...ruledOutLine(causes, terminal),
    ...state.coverage.blindSpots
      .slice(0, MAX_UNSEEN)
      .map((spot) => labelled(LABELS.unseen, spot[terminal.language], { terminal })),
  ];
  if (active.length > 0) {
    lines.push(labelled(LABELS.now, nextStep(state, active.length, terminal), { terminal }));
  }
  const danger = describeDanger(state);
  if (danger !== undefined) {
    lines.push(labelled(LABELS.doNot, danger[terminal.language], { terminal }));
  }
  return lines.join("");
}

interface LineContext {
  readonly state: ClusterState;
  readonly terminal: Terminal;
}

function findingLine(label: Text, finding: Finding, context: LineContext): string {
  const { terminal, state } = context;
  const [title, detail] = [finding.title[terminal.language], finding.detail[terminal.language]];
  const since = finding.since.slice(11, 19);
  const age = ago(Date.parse(state.at) - Date.parse(finding.since))[terminal.language];
  const what = detail === "" || detail === title ? title : `${title}: ${detail}`;
  // Most titles name their subject.
  const subject = title.includes(finding.subject.name) ? "" : `${describeSubject(finding.subject)}  `;
  const text = `${subject}${what}   ${since}Z, ${age}`;
  return labelled(label, text, { terminal, style: SEVERITY_STYLES[finding.severity] });
}

function ruledOutLine(causes: readonly Finding[], terminal: Terminal): string[] {
  const all = causes.flatMap(({ ruledOut }) => ruledOut);
  const distinct = all.filter((one, index) => all.findIndex(({ code }) => code === one.code) === index);
  const texts = distinct
    .slice(0, MAX_RULED_OUT)
    .map(({ code, because }) => `${code.toLowerCase().replaceAll("_", " ")} (${because[terminal.language]})`);
  return texts.length === 0 ? [] : [labelled(LABELS.not, texts.join(", "), { terminal })];
}

function nextStep(state: ClusterState, count: number, terminal: Terminal): string {
  const command = `etcdscope findings --cluster ${state.cluster}`;
  return terminal.language === "zh"
    ? `${command}   查看 ${count} 项发现的证据`
    : `${command}   the evidence of ${count === 1 ? "this finding" : `these ${count} findings`}`;
}

/** What would make it worse, where that is certain from the quorum alone. */
function describeDanger(state: ClusterState): Text | undefined {
  const serving = state.members.filter((member) => member.state === "serving" && member.role !== "learner");
  const { voters, needed, tolerance } = state.quorum;
  if (tolerance !== 0 || voters < 2 || serving.length === 0) {
    return undefined;
  }
  const names = serving.map(({ name }) => name);
  return {
    en: `stop ${names.join(" or ")}: the quorum of ${needed} would be lost`,
    zh: `停止 ${names.join(" 或 ")}：否则将失去 ${needed} 个成员的法定人数`,
  };
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
      text: STATE_WORDS[member.state][language],
      style: (text) => terminal.style(STATE_STYLES[member.state], text),
    },
    { text: member.version ?? "-" },
    { text: describeDatabase(member) },
    { text: member.appliedIndex ?? "-" },
    { text: AGENT_WORDS[member.agent.state][language] },
  ];
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

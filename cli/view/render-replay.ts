/** A replay for people: which file, then how verdicts, incidents and findings followed each other, then how it stood. */
import type { Replay } from "../../shared/rest-replay.ts";
import type { Finding } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import { SEVERITY_WORDS, VERDICT_WORDS } from "../../shared/state-words.ts";
import type { Style, Terminal } from "../terminal.ts";
import { renderIncidentList } from "./render-incidents.ts";
import { describeSubject, renderStatus, SEVERITY_STYLES, VERDICT_STYLES } from "./render-status.ts";
import { padText, wrapText } from "./text-width.ts";
import { shout } from "./words.ts";

export interface ReplayLook {
  readonly terminal: Terminal;
  /** A moment was asked for: the cluster as it was then comes alone. */
  readonly isMoment: boolean;
}

/** The API gives all of it with --json. */
const MAX_LINES = 200;
const TIME_WIDTH = 12;
const KIND_WIDTH = 13;

export function renderReplay(replay: Replay, { terminal, isMoment }: ReplayLook): string {
  const { language } = terminal;
  const status = renderStatus(replay.state, terminal);
  if (isMoment) {
    return status;
  }
  const { nodes, frames, writtenBy, replayedBy, sha256 } = replay.capture;
  const about = {
    en: `${frames} frames of ${nodes.join(", ")}, captured by ${writtenBy}, judged by ${replayedBy}, sha256 ${sha256.slice(0, 16)}`,
    zh: `${nodes.join("、")} 的 ${frames} 帧，由 ${writtenBy} 捕获，由 ${replayedBy} 判断，sha256 ${sha256.slice(0, 16)}`,
  };
  const lines = [about, ...tellSilent(replay)];
  const entries = listEntries(replay, terminal).toSorted((one, other) => (one.at < other.at ? -1 : 1));
  const more = entries.length - MAX_LINES;
  const rest = { en: `  … ${more} more with --json\n`, zh: `  … 另有 ${more} 条，见 --json\n` };
  const end = { en: `At ${replay.state.at}`, zh: `${replay.state.at} 时` };
  return [
    `${terminal.style("bold", replay.cluster)}   ${replay.from} … ${replay.to}\n`,
    ...lines.flatMap((text) => wrapText(text[language], terminal.columns - 2).map((line) => `  ${line}\n`)),
    "\n",
    ...entries.slice(0, MAX_LINES).map((entry) => renderEntry(entry, terminal)),
    ...(more > 0 ? [rest[language]] : []),
    ...(replay.incidents.length === 0 ? [] : ["\n", renderIncidentList(replay, terminal)]),
    `\n${end[language]}\n`,
    status,
  ].join("");
}

/** Nodes of which there are no frames to begin with. */
function tellSilent({ capture }: Replay): readonly Text[] {
  const { silentAtStart, leftOutAtStart } = capture;
  return [
    ...silentAtStart.map(({ node, lastHeard }) => ({
      en: `${node} was silent when it begins: what held on it at ${lastHeard} is what is known of it`,
      zh: `开始时 ${node} 已无消息：仅知其 ${lastHeard} 时的情况`,
    })),
    ...(leftOutAtStart === 0
      ? []
      : [
          {
            en: `Silent nodes that did not fit into it: ${leftOutAtStart}`,
            zh: `未能放入的无消息节点：${leftOutAtStart} 个`,
          },
        ]),
  ];
}

interface Entry {
  readonly at: string;
  readonly kind: Text;
  readonly style: Style;
  readonly text: string;
}

function listEntries(replay: Replay, terminal: Terminal): readonly Entry[] {
  const { language } = terminal;
  return [
    ...replay.verdicts.map(({ at, verdict, headline }) => ({
      at,
      kind: shout(VERDICT_WORDS[verdict]),
      style: VERDICT_STYLES[verdict],
      text: headline[language],
    })),
    ...replay.findings.flatMap((finding) => listOfFinding(finding, language)),
  ];
}

function listOfFinding(finding: Finding, language: keyof Text): readonly Entry[] {
  const root = { en: "root cause: ", zh: "根本原因：" };
  const over = { en: "over", zh: "结束" };
  const { code, subject, since, until, severity, title } = finding;
  const what = `${code} ${describeSubject(subject)}`;
  const begin: Entry = {
    at: since,
    kind: shout(SEVERITY_WORDS[severity]),
    style: SEVERITY_STYLES[severity],
    text: `${finding.rootCause ? root[language] : ""}${what}: ${title[language]}`,
  };
  return until === null ? [begin] : [begin, { at: until, kind: over, style: "dim", text: what }];
}

function renderEntry({ at, kind, style, text }: Entry, terminal: Terminal): string {
  const hang = 2 + TIME_WIDTH + KIND_WIDTH;
  const time = padText(at.slice(11, 19), TIME_WIDTH - 2);
  const word = terminal.style(style, padText(kind[terminal.language], KIND_WIDTH));
  return wrapText(text, terminal.columns - hang)
    .map((line, index) => (index === 0 ? `  ${time}  ${word}${line}\n` : `${" ".repeat(hang)}${line}\n`))
    .join("");
}

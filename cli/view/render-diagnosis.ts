/** The decision tree for people: one line a layer, and under what is bad or unknown the checks with their evidence. */
import type {
  CheckState,
  Diagnosis,
  DiagnosisCheck,
  DiagnosisLayer,
  DiagnosisNext,
  MachineReport,
} from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import type { Style, Terminal } from "../terminal.ts";
import { renderHeadline } from "./render-status.ts";
import { padText, wrapText } from "./text-width.ts";

export interface DiagnosisView {
  readonly terminal: Terminal;
  readonly node: string;
  readonly seconds: number;
  /** The file that an etcd which does not run was read from; empty: none. */
  readonly source: string;
  /** The machine that was looked at; null: not known. */
  readonly machine: MachineReport | null;
}

const STATES: Readonly<Record<CheckState, { readonly word: Text; readonly style: Style }>> = {
  ok: { word: { en: "ok", zh: "正常" }, style: "green" },
  bad: { word: { en: "BAD", zh: "异常" }, style: "red" },
  unknown: { word: { en: "unknown", zh: "未知" }, style: "magenta" },
};
const INDENT = 2;
const STATE_WIDTH = 9;
const LAYER_WIDTH = 13;
const HANG = INDENT + STATE_WIDTH + LAYER_WIDTH;
/** More of one check are counted by its layer's line. */
const MAX_SUBJECTS = 4;
const MAX_EVIDENCE = 3;

export function renderDiagnosis(diagnosis: Diagnosis, view: DiagnosisView): string {
  const { terminal, node, seconds } = view;
  const { language } = terminal;
  const shown = seconds.toFixed(1);
  const from = {
    en: `as seen from ${node} alone, in ${shown} s, without a collector`,
    zh: `仅从 ${node} 观察，用时 ${shown} 秒，未经采集器`,
  };
  const source = {
    en: `No etcd runs here; what it would start with is from ${view.source}`,
    zh: `此处没有运行 etcd；启动配置来自 ${view.source}`,
  };
  return [
    renderHeadline(node, diagnosis.verdict, { headline: localHeadline(diagnosis), terminal }),
    ...paragraph(from[language], view),
    ...(view.machine === null ? [] : paragraph(describeMachine(view.machine)[language], view)),
    ...(view.source === "" ? [] : paragraph(source[language], view)),
    "\n",
    ...diagnosis.layers.flatMap((layer) => renderLayer(layer, diagnosis, view)),
    ...renderNext(diagnosis, view),
  ].join("");
}

function describeMachine({ bootedAt, load1, cpus }: MachineReport): Text {
  const at = bootedAt === null ? "?" : `${bootedAt.slice(0, 16).replace("T", " ")}Z`;
  const [load, on] = [load1 ?? "?", cpus ?? "?"];
  return {
    en: `The machine was booted ${at}; load ${load} on ${on} CPUs`,
    zh: `机器启动于 ${at}；负载 ${load}，${on} 个 CPU`,
  };
}

/** A collector's own reasons for not knowing are none of a node that was asked alone. */
function localHeadline({ verdict, headline }: Diagnosis): Text {
  return verdict === "unknown"
    ? {
        en: "How the cluster is cannot be told from this node alone",
        zh: "仅从本节点无法判断集群状态",
      }
    : headline;
}

function paragraph(text: string, { terminal }: DiagnosisView): readonly string[] {
  return wrapText(text, terminal.columns - INDENT).map(
    (line) => `${" ".repeat(INDENT)}${terminal.style("dim", line)}\n`,
  );
}

function renderLayer(layer: DiagnosisLayer, { next }: Diagnosis, view: DiagnosisView): readonly string[] {
  const { terminal } = view;
  const { word, style } = STATES[layer.state];
  const state = terminal.style(style, padText(word[terminal.language], STATE_WIDTH));
  const name = padText(layer.name[terminal.language], LAYER_WIDTH);
  const bad = layer.checks.filter((check) => check.state === "bad");
  const lines = [
    ...(layer.state === "bad" ? [] : wrapText(layer.summary[terminal.language], terminal.columns - HANG)),
    ...bad.flatMap((check) => describeBad(check, view)),
    ...describeNext(layer, next, view),
    ...describeUnknown(layer, view),
  ];
  return lines.map((line, index) =>
    index === 0 ? `${" ".repeat(INDENT)}${state}${name}${line}\n` : `${" ".repeat(HANG)}${line}\n`,
  );
}

function describeBad({ code, subjects }: DiagnosisCheck, view: DiagnosisView): readonly string[] {
  const { language } = view.terminal;
  return subjects
    .filter(({ state }) => state === "bad")
    .slice(0, MAX_SUBJECTS)
    .flatMap(({ text, evidence }) => [
      ...wrapped(`${code}  ${text?.[language] ?? ""}`, 0, view),
      ...evidence
        .slice(0, MAX_EVIDENCE)
        .flatMap((one) => wrapped(`${one.source} ${one.at.slice(11, 19)}Z: ${one.text[language]}`, 2, view)),
    ]);
}

/** What to do about this layer. That which comes first of all is told at the end, where it is looked for; commands are never wrapped. */
function describeNext(
  { next }: DiagnosisLayer,
  first: DiagnosisNext | null,
  view: DiagnosisView,
): readonly string[] {
  if (next === null) {
    return [];
  }
  const { terminal } = view;
  const { language } = terminal;
  const isFirst = next.command === first?.command;
  const below = isFirst ? { en: ", see below", zh: "，见下文" }[language] : "";
  const label = { en: "next: ", zh: "下一步：" }[language];
  return [
    ...wrapped(`${label}${next.text[language]}${below}`, 0, view),
    ...(isFirst ? [] : next.command.split("\n").map((line) => `  ${terminal.style("bold", line)}`)),
  ];
}

/** Several checks are often blind for one reason: it is told once, and not when the layer's own line has told it. */
function describeUnknown(layer: DiagnosisLayer, view: DiagnosisView): readonly string[] {
  const { language } = view.terminal;
  const codes = new Map<string, string[]>();
  for (const { code, state, subjects } of layer.checks) {
    const reason = subjects.find((one) => one.state === "unknown")?.text?.[language] ?? "";
    if (state === "unknown" && !(layer.state === "unknown" && layer.summary[language].includes(reason))) {
      codes.set(reason, [...(codes.get(reason) ?? []), code]);
    }
  }
  const word = STATES.unknown.word[language];
  return [...codes].flatMap(([reason, names]) => wrapped(`${word} ${names.join(", ")}  ${reason}`, 0, view));
}

function wrapped(text: string, by: number, { terminal }: DiagnosisView): readonly string[] {
  return wrapText(text, terminal.columns - HANG - by - 2).map(
    (line, index) => `${" ".repeat(index === 0 ? by : by + 2)}${line}`,
  );
}

/** The command is never wrapped: it is there to be copied. */
function renderNext({ next }: Diagnosis, { terminal }: DiagnosisView): readonly string[] {
  if (next === null) {
    return [];
  }
  const label = padText({ en: "now", zh: "现在" }[terminal.language], STATE_WIDTH);
  const about = `${next.text[terminal.language]} (${next.code})`;
  const lines = wrapText(about, terminal.columns - INDENT - STATE_WIDTH);
  return [
    "\n",
    ...lines.map((line, index) =>
      index === 0
        ? `${" ".repeat(INDENT)}${terminal.style("dim", label)}${line}\n`
        : `${" ".repeat(INDENT + STATE_WIDTH)}${line}\n`,
    ),
    ...next.command
      .split("\n")
      .map((line) => `${" ".repeat(INDENT + STATE_WIDTH + 2)}${terminal.style("bold", line)}\n`),
  ];
}

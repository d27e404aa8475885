/** A runbook for people: the idea, what not to do, then each step with where, how risky, whether it may be done now. */
import type { Runbook, RunbookCondition, RunbookStep, StepRisk } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import type { Style, Terminal } from "../terminal.ts";
import { padText, wrapText } from "./text-width.ts";

const INDENT = 2;
const LABEL_WIDTH = 9;
/** Under a step's number. */
const STEP_INDENT = 5;

const RISKS: Readonly<Record<StepRisk, { readonly word: Text; readonly style: Style }>> = {
  "read-only": { word: { en: "read-only", zh: "只读" }, style: "green" },
  safe: { word: { en: "safe", zh: "安全" }, style: "green" },
  disruptive: { word: { en: "disruptive", zh: "有影响" }, style: "yellow" },
  destructive: { word: { en: "DESTRUCTIVE", zh: "破坏性" }, style: "red" },
};

const LABELS = {
  doNot: { en: "do not", zh: "不要" },
  fillIn: { en: "fill in", zh: "填写" },
  before: { en: "before", zh: "前提" },
  check: { en: "check", zh: "验证" },
  undo: { en: "undo", zh: "撤销" },
} as const satisfies Record<string, Text>;

export function renderRunbook(runbook: Runbook, terminal: Terminal): string {
  const { language } = terminal;
  const forWhom = runbook.member === null ? runbook.cluster : `${runbook.cluster} ${runbook.member}`;
  const head = `${terminal.style("bold", runbook.code)}   ${forWhom}\n`;
  const never = {
    en: "These are steps for you: etcdscope runs none of them",
    zh: "以下步骤由您执行：etcdscope 不会执行任何一步",
  };
  return [
    head,
    indent(runbook.summary[language], INDENT, terminal),
    "\n",
    ...runbook.doNot.map((text) => labelled(LABELS.doNot, text[language], { terminal, style: "red" })),
    ...runbook.blanks.map(({ name, text }) =>
      labelled(LABELS.fillIn, `${name}=   ${text[language]}`, { terminal, style: "dim" }),
    ),
    indent(terminal.style("dim", never[language]), INDENT, terminal),
    ...runbook.steps.map((step) => renderStep(step, terminal)),
  ].join("");
}

function renderStep(step: RunbookStep, terminal: Terminal): string {
  const { language } = terminal;
  const risk = RISKS[step.risk];
  const where = step.node === null ? "" : language === "en" ? ` on ${step.node}` : ` 在 ${step.node} 上`;
  const number = String(step.number).padStart(INDENT + 1);
  const word = `[${risk.word[language]}${where}]`;
  const title = wrapText(`${step.title[language]}  ${word}`, terminal.columns - STEP_INDENT);
  const styled = title.map((line) => line.replace(word, terminal.style(risk.style, word)));
  const rest = [
    indent(step.detail[language], STEP_INDENT, terminal),
    ...(step.precondition === null ? [] : [renderCondition(step.precondition, terminal)]),
    ...(step.command === null ? [] : [renderCommand(step.command, terminal)]),
    ...(step.verify === null ? [] : [inStep(LABELS.check, step.verify[language], terminal)]),
    ...(step.undo === null ? [] : [inStep(LABELS.undo, step.undo[language], terminal)]),
  ];
  const [first = "", ...others] = styled;
  return `\n${number}  ${first}\n${others.map((line) => `${" ".repeat(STEP_INDENT)}${line}\n`).join("")}${rest.join("")}`;
}

const STATES: Readonly<Record<RunbookCondition["state"], { readonly word: Text; readonly style: Style }>> = {
  met: { word: { en: "holds now", zh: "现在满足" }, style: "green" },
  refused: { word: { en: "REFUSED NOW", zh: "现在拒绝" }, style: "red" },
  unknown: { word: { en: "make sure", zh: "请确认" }, style: "yellow" },
};

function renderCondition({ text, state, because }: RunbookCondition, terminal: Terminal): string {
  const { word, style } = STATES[state];
  const { language } = terminal;
  const sentence =
    language === "en"
      ? `${word.en}: ${text.en}${state === "refused" ? ", but" : ":"} ${because.en}`
      : `${word.zh}：${text.zh}${state === "refused" ? "，但 " : "："}${because.zh}`;
  const lines = inStep(LABELS.before, sentence, terminal);
  return lines.replace(word[language], terminal.style(style, word[language]));
}

/** Never wrapped: it is there to be copied. */
function renderCommand(command: string, terminal: Terminal): string {
  return command
    .split("\n")
    .map((line) => `${" ".repeat(STEP_INDENT + 2)}${terminal.style("bold", line)}\n`)
    .join("");
}

function inStep(label: Text, text: string, terminal: Terminal): string {
  const word = padText(label[terminal.language], LABEL_WIDTH - 2);
  const hang = STEP_INDENT + LABEL_WIDTH - 2;
  return wrapText(text, terminal.columns - hang)
    .map(
      (line, index) =>
        `${index > 0 ? " ".repeat(hang) : " ".repeat(STEP_INDENT) + terminal.style("dim", word)}${line}\n`,
    )
    .join("");
}

function labelled(
  label: Text,
  text: string,
  look: { readonly terminal: Terminal; readonly style: Style },
): string {
  const { terminal, style } = look;
  const hang = INDENT + LABEL_WIDTH;
  const word = terminal.style(style, padText(label[terminal.language], LABEL_WIDTH));
  return wrapText(text, terminal.columns - hang)
    .map((line, index) => `${index > 0 ? " ".repeat(hang) : " ".repeat(INDENT) + word}${line}\n`)
    .join("");
}

function indent(text: string, by: number, terminal: Terminal): string {
  return wrapText(text, terminal.columns - by)
    .map((line) => `${" ".repeat(by)}${line}\n`)
    .join("");
}

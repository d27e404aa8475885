/**
 * Writes docs/FINDINGS.md and docs/FINDINGS.zh.md from the registry of rules, their texts, thresholds, causes and runbooks; --check tells
 * whether they are what would be written.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { CAUSES } from "../collector/diagnosis/cause-table.ts";
import { nameCode } from "../collector/diagnosis/code-names.ts";
import { RULES } from "../collector/diagnosis/registry.ts";
import type { Rule } from "../collector/diagnosis/rule.ts";
import { THRESHOLDS, type ThresholdDescription } from "../collector/diagnosis/thresholds.ts";
import { findBook } from "../collector/runbook/registry.ts";
import { renderRunbook } from "../collector/runbook/render-runbook.ts";
import { formatDurationMs } from "../shared/config/parse-duration.ts";
import { formatSizeBytes } from "../shared/config/parse-size.ts";
import type { FindingLayer } from "../shared/rest.ts";
import type { Language, Text } from "../shared/text.ts";
import { evaluateExample, THREE } from "../test/collector/runbook/example-cluster.ts";

const ROOT = join(import.meta.dirname, "..");
const DIAGNOSIS = join(ROOT, "collector/diagnosis");
export const PAGES: Readonly<Record<Language, string>> = {
  en: join(ROOT, "docs/FINDINGS.md"),
  zh: join(ROOT, "docs/FINDINGS.zh.md"),
};

const LAYERS: readonly (readonly [FindingLayer, Text])[] = [
  ["process", { en: "Process", zh: "进程" }],
  ["cluster", { en: "Cluster", zh: "集群" }],
  ["storage", { en: "Storage", zh: "存储" }],
  ["network", { en: "Network", zh: "网络" }],
  ["config", { en: "Configuration", zh: "配置" }],
  ["performance", { en: "Performance", zh: "性能" }],
  ["agent", { en: "Observation", zh: "观测" }],
];

const WORDS = {
  title: { en: "Findings", zh: "发现一览" },
  intro: {
    en: "Every finding: what it says, how long it must hold before it is told, the limits it depends on with where the numbers come from, what can be behind it, and what to do. Written by `npm run generate` from the rules, thresholds and runbooks: do not edit. The examples are of a cluster m1, m2, m3; `etcdscope runbook CODE` gives the steps with your own names, addresses and paths.",
    zh: "每一种发现：含义、告警前需持续多久、所依据的阈值及其出处、可能的原因、处置办法。由 `npm run generate` 根据规则、阈值和处置手册生成，请勿手工修改。示例集群为 m1、m2、m3；`etcdscope runbook CODE` 会给出带有您自己的名称、地址和路径的步骤。",
  },
  limits: {
    en: "Thresholds can be changed by name in the collector's configuration (`thresholds`), or all at once by `profile: strict` or `relaxed`.",
    zh: "阈值可在采集器配置的 `thresholds` 中按名称修改，也可用 `profile: strict` 或 `relaxed` 整体调整。",
  },
  about: { en: "Means", zh: "含义" },
  told: { en: "Told", zh: "告知" },
  atOnce: { en: "at once", zh: "立即" },
  after: { en: "after", zh: "持续" },
  over: { en: "over when it has been well for", zh: "恢复正常后解除，需持续" },
  respond: { en: "Respond within", zh: "响应时限" },
  critical: { en: "critical", zh: "严重" },
  warning: { en: "warning", zh: "警告" },
  info: { en: "info", zh: "提示" },
  depends: { en: "Depends on", zh: "依据" },
  evidence: { en: "Evidence from", zh: "证据来源" },
  causes: { en: "Can be caused by", zh: "可能的原因" },
  effects: { en: "Can be behind", zh: "可能导致" },
  dont: { en: "Do not", zh: "切勿" },
  steps: { en: "Steps", zh: "步骤" },
  notFault: {
    en: "It is no fault in itself: a cluster with it can still be called healthy.",
    zh: "它本身不是故障：有此发现的集群仍可视为健康。",
  },
} as const satisfies Readonly<Record<string, Text>>;

interface RuleSource {
  /** What the rule's own file says that it is; English, as all of the code. */
  readonly sentence: string;
  readonly thresholds: readonly (keyof typeof THRESHOLDS)[];
  /** What the evidence names as its source. */
  readonly sources: readonly string[];
}

/** Read from the files: what a rule depends on is said nowhere else, and so cannot be wrong here. */
function readRuleSources(): ReadonlyMap<string, RuleSource> {
  const folder = join(DIAGNOSIS, "rules");
  return new Map(
    readdirSync(folder).flatMap((name) => {
      const text = readFileSync(join(folder, name), "utf8");
      const code = /\bcode: "([A-Z_]+)"/.exec(text)?.[1];
      return code === undefined ? [] : [[code, readRuleSource(text)] as const];
    }),
  );
}

function readRuleSource(text: string): RuleSource {
  const head = (/^\/\*\*([^]*?)\*\//.exec(text)?.[1] ?? "").replaceAll(/\s*\n?\s*\*?\s+/g, " ").trim();
  const shared = [...text.matchAll(/from "\.\.\/([\w-]+-rule)\.ts"/g)].map((match) =>
    readFileSync(join(DIAGNOSIS, `${match[1] ?? ""}.ts`), "utf8"),
  );
  const all = [text, ...shared].join("\n");
  const names = [...all.matchAll(/\bthresholds\.(\w+)|\bthreshold: "(\w+)"/g)].map(
    (match) => match[1] ?? match[2],
  );
  const sources = [...all.matchAll(/\bsource: "([^"]+)"/g)].map((match) => match[1] ?? "");
  return {
    sentence: head.replace(/^[A-Z_]+: /, ""),
    thresholds: [...new Set(names)].filter(
      (name): name is keyof typeof THRESHOLDS =>
        name !== undefined && name in THRESHOLDS && !name.endsWith("StaleMs"),
    ),
    sources: [...new Set(sources)].sort(),
  };
}

function formatLimit({ unit, default: value }: ThresholdDescription): string {
  switch (unit) {
    case "ms":
      return formatDurationMs(value);
    case "bytes":
      return formatSizeBytes(value);
    case "ratio":
      return `${Math.round(value * 1000) / 10} %`;
    default:
      return `${value} ${unit.replace("per-second", "/s")}`;
  }
}

function link(codes: readonly string[]): string {
  const known = new Set(RULES.map(({ code }) => code));
  return [...new Set(codes)]
    .filter((code) => known.has(code))
    .map((code) => `[${code}](#${code.toLowerCase()})`)
    .join(", ");
}

function renderFinding(rule: Rule, source: RuleSource | undefined, language: Language): string {
  const say = (text: Text): string => text[language];
  const word = (name: keyof typeof WORDS): string => WORDS[name][language];
  const { code } = rule;
  const [colon, comma, semicolon] = language === "zh" ? ["：", "，", "；"] : [": ", ", ", "; "];
  const example = evaluateExample(THREE);
  const runbook =
    findBook(code) === undefined ? undefined : renderRunbook(example.cluster, { code, member: "m1" });
  const hold = rule.holdMs === 0 ? word("atOnce") : `${word("after")} ${formatDurationMs(rule.holdMs)}`;
  const within = (["critical", "warning", "info"] as const)
    .map(
      (severity) =>
        `${word(severity)} ${rule.respondWithin[severity] === "0s" ? word("atOnce") : rule.respondWithin[severity]}`,
    )
    .join(comma);
  const limits = (source?.thresholds ?? []).map((name) => {
    const about: ThresholdDescription = THRESHOLDS[name];
    return `  - \`${name}\` ${formatLimit(about)}${colon}${about.source}`;
  });
  const effects = Object.entries(CAUSES).flatMap(([effect, causes]) =>
    causes.includes(code) ? [effect] : [],
  );
  const lines = [
    `### ${code}`,
    "",
    `**${say(nameCode(code))}**${language === "en" && source !== undefined ? `: ${source.sentence}` : ""}`,
    "",
    ...(runbook === undefined ? [] : [`${say(runbook.summary)}`, ""]),
    ...(rule.isFault ? [] : [word("notFault"), ""]),
    `- ${word("told")}${colon}${hold}${semicolon}${word("over")} ${formatDurationMs(rule.quietMs)}`,
    `- ${word("respond")}${colon}${within}`,
    ...(source === undefined || source.sources.length === 0
      ? []
      : [`- ${word("evidence")}${colon}${source.sources.join(", ")}`]),
    ...(limits.length === 0 ? [] : [`- ${word("depends")}${colon.trim()}`, ...limits]),
    ...(link(CAUSES[code] ?? []) === "" ? [] : [`- ${word("causes")}${colon}${link(CAUSES[code] ?? [])}`]),
    ...(link(effects) === "" ? [] : [`- ${word("effects")}${colon}${link(effects)}`]),
    ...(runbook === undefined || runbook.doNot.length === 0
      ? []
      : [`- ${word("dont")}${colon.trim()}`, ...runbook.doNot.map((text) => `  - ${say(text)}`)]),
    ...(runbook === undefined
      ? []
      : [
          `- ${word("steps")}${colon.trim()}`,
          ...runbook.steps.map(({ title }, at) => `  ${at + 1}. ${say(title)}`),
        ]),
    "",
  ];
  return lines.join("\n");
}

export async function renderFindingsPage(language: Language): Promise<string> {
  const sources = readRuleSources();
  const parts = LAYERS.map(([layer, name]) => {
    const rules = RULES.filter((rule) => rule.layer === layer);
    return [
      `## ${name[language]}\n`,
      ...rules.map((rule) => renderFinding(rule, sources.get(rule.code), language)),
    ].join("\n");
  });
  const text = `# ${WORDS.title[language]}\n\n${WORDS.intro[language]}\n\n${WORDS.limits[language]}\n\n${parts.join("\n")}`;
  const config = (await resolveConfig(PAGES[language])) ?? {};
  // Lines as long as their sentences: what a rule says must not move the lines of another.
  return await format(text, { ...config, parser: "markdown", proseWrap: "preserve" });
}

/** Pages that are not what would be written now. */
export async function findStaleFindingsPages(): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const language of ["en", "zh"] as const) {
    if (readFileSync(PAGES[language], "utf8") !== (await renderFindingsPage(language))) {
      stale.push(PAGES[language].slice(ROOT.length + 1));
    }
  }
  return stale;
}

if (import.meta.main) {
  for (const language of ["en", "zh"] as const) {
    writeFileSync(PAGES[language], await renderFindingsPage(language));
  }
}

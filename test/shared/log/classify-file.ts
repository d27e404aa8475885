/** A captured log through the classifier and the summary, as the command does it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createLogClassifier } from "../../../shared/log/classify.ts";
import { createLineSplitter } from "../../../shared/log/split-lines.ts";
import { LogSummarizer } from "../../../shared/log/summarize.ts";
import type { Severity } from "../../../shared/rest.ts";
import type { LogSummary } from "../../../shared/log/summarize.ts";

export const LOG_FIXTURES = join(import.meta.dirname, "../../fixture/logs");
/** The fixtures were captured on 2026-11-24. */
export const NOW_MS = Date.UTC(2026, 10, 24, 18);

/** The code of each line, in order; null for a line that is nothing. */
export function codesOf(text: string): (string | null)[] {
  const classifier = createLogClassifier(NOW_MS);
  const codes: (string | null)[] = [];
  const splitter = createLineSplitter((line) => codes.push(classifier.classify(line)?.code ?? null));
  splitter.push(Buffer.from(text));
  splitter.end();
  return codes;
}

/** The severity of each line that is something. */
export function severitiesOf(text: string): readonly Severity[] {
  const classifier = createLogClassifier(NOW_MS);
  return text.split("\n").flatMap((line) => classifier.classify(line)?.severity ?? []);
}

export function codeOf(line: string): string | null {
  return codesOf(line)[0] ?? null;
}

export function summaryOf(text: string): LogSummary {
  const classifier = createLogClassifier(NOW_MS);
  const summarizer = new LogSummarizer();
  let line = 0;
  const splitter = createLineSplitter((one) => {
    line += 1;
    const event = classifier.classify(one);
    if (event !== undefined) {
      summarizer.add(event, { file: "log", line, text: one });
    }
  });
  splitter.push(Buffer.from(text));
  splitter.end();
  return summarizer.summarize(line, classifier.servedAtsMs());
}

export function readFixture(name: string): string {
  return readFileSync(join(LOG_FIXTURES, name), "utf8");
}

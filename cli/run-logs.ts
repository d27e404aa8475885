/** `etcdscope logs`: what files of logs prove, without an agent or a collector; a verdict for people, a line a line for scripts. */
import { createLogClassifier } from "../shared/log/classify.ts";
import type { LineEvent } from "../shared/log/classify.ts";
import { createPartialLines } from "../shared/log/join-partial-lines.ts";
import { createLineSplitter } from "../shared/log/split-lines.ts";
import { LogSummarizer } from "../shared/log/summarize.ts";
import type { Clock } from "../shared/clock.ts";
import { readLogFile } from "./read-log-files.ts";
import type { Terminal } from "./terminal.ts";
import { renderLogs } from "./view/render-logs.ts";

export interface LogsRequest {
  /** Paths; "-" is standard input. */
  readonly files: readonly string[];
  readonly json: boolean;
  readonly clock: Clock;
}

/** Lines of output are handed on in blocks: one write a line would take longer than reading it. */
const BLOCK_CHARACTERS = 256 * 1024;

/** 0 also when the log is full of faults: the question was what it holds. */
export async function runLogs(request: LogsRequest, terminal: Terminal): Promise<number> {
  const summarizer = new LogSummarizer();
  const classifier = createLogClassifier(request.clock.nowMs());
  let total = 0;
  let block = "";

  for (const file of request.files) {
    let line = 0;
    const named = request.files.length > 1 ? `"file":${JSON.stringify(file)},` : "";
    const partial = createPartialLines();
    const splitter = createLineSplitter((part) => {
      line += 1;
      // A line that a container's runtime cut is told with its last part.
      const text = partial.join(part);
      const event = text === undefined ? undefined : classifier.classify(text);
      if (request.json) {
        block += toJson(named, line, event);
      } else if (text !== undefined && event !== undefined) {
        summarizer.add(event, { file, line, text });
      }
    });
    classifier.reset();
    for await (const chunk of readLogFile(file)) {
      splitter.push(chunk);
      if (block.length > BLOCK_CHARACTERS) {
        terminal.write(block);
        block = "";
        await terminal.drained();
      }
    }
    splitter.end();
    total += line;
  }
  terminal.write(
    request.json ? block : renderLogs(summarizer.summarize(total, classifier.servedAtMs()), terminal),
  );
  await terminal.drained();
  return 0;
}

/** Written by hand: codes need no escaping, and a log has millions of lines. */
function toJson(named: string, line: number, event: LineEvent | undefined): string {
  return event === undefined
    ? `{${named}"line":${line},"code":null,"severity":null}\n`
    : `{${named}"line":${line},"code":"${event.code}","severity":"${event.severity}"}\n`;
}

/** `etcdscope logs`: what files of logs prove, without an agent or a collector; a verdict for people, a line a line for scripts. */
import { EtcdscopeError } from "../shared/errors.ts";
import { createLogClassifier } from "../shared/log/classify.ts";
import type { LineEvent, LogClassifier } from "../shared/log/classify.ts";
import { createPartJoiner } from "../shared/log/join-parts.ts";
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

/** 0 also when the log is full of faults: the question was what it holds. What could be read is told before what could not. */
export async function runLogs(request: LogsRequest, terminal: Terminal): Promise<number> {
  const summarizer = new LogSummarizer();
  const classifier = createLogClassifier(request.clock.nowMs());
  const failures: EtcdscopeError[] = [];
  let total = 0;
  let block = "";

  for (const file of request.files) {
    const named = request.files.length > 1 ? `"file":${JSON.stringify(file)},` : "";
    const reader = createFileReader(classifier, {
      onRow: (line, event) => {
        if (request.json) {
          block += toJson(named, line, event);
        }
      },
      onEvent: (event, line, text) => {
        if (!request.json) {
          summarizer.add(event, { file, line, text });
        }
      },
    });
    try {
      for await (const chunk of readLogFile(file)) {
        reader.push(chunk);
        if (block.length > BLOCK_CHARACTERS) {
          terminal.write(block);
          block = "";
          await terminal.drained();
        }
      }
    } catch (caught) {
      failures.push(EtcdscopeError.from(caught));
    }
    total += reader.end();
  }
  if (request.json) {
    terminal.write(block);
  } else if (total > 0 || failures.length === 0) {
    terminal.write(renderLogs(summarizer.summarize(total, classifier.servedAtsMs()), terminal));
  }
  await terminal.drained();
  const [first] = failures;
  if (first !== undefined) {
    throw new EtcdscopeError(first.code, failures.map(({ message }) => message).join("; "), { cause: first });
  }
  return 0;
}

interface RowListener {
  /** Once for each line, in order. */
  readonly onRow: (line: number, event: LineEvent | undefined) => void;
  /** `text`: the line, with the parts before it that it completes. */
  readonly onEvent: (event: LineEvent, line: number, text: string) => void;
}

/** One file's bytes → its rows; end() gives their number. A part of a line is nothing, what its last part completes is the event. */
function createFileReader(
  classifier: LogClassifier,
  { onRow, onEvent }: RowListener,
): { push: (chunk: Buffer) => void; end: () => number } {
  const joiner = createPartJoiner();
  let lines = 0;
  /** Lines without a row yet: parts whose end may not come. */
  let owed = 0;

  function take(text: string): void {
    const event = classifier.classify(text);
    for (; owed > 1; owed -= 1) {
      onRow(lines - owed + 1, undefined);
    }
    if (owed === 1) {
      onRow(lines, event);
      owed = 0;
    }
    if (event !== undefined) {
      onEvent(event, lines, text);
    }
  }

  const splitter = createLineSplitter((line) => {
    lines += 1;
    owed += 1;
    const whole = joiner.push(line);
    if (whole !== undefined) {
      take(whole);
    }
  });
  classifier.reset();
  return {
    push: (chunk) => splitter.push(chunk),
    end: () => {
      splitter.end();
      joiner.end().forEach(take);
      for (; owed > 0; owed -= 1) {
        onRow(lines - owed + 1, undefined);
      }
      return lines;
    },
  };
}

/** Written by hand: codes need no escaping, and a log has millions of lines. */
function toJson(named: string, line: number, event: LineEvent | undefined): string {
  return event === undefined
    ? `{${named}"line":${line},"code":null,"severity":null}\n`
    : `{${named}"line":${line},"code":"${event.code}","severity":"${event.severity}"}\n`;
}

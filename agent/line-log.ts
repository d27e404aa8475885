/**
 * The agent's log: the same JSON lines as shared/log.ts writes, without pino, whose threads and buffers cost 7 MiB of
 * resident memory in a process that may have 80.
 */
import { writeSync } from "node:fs";
import type { Clock } from "../shared/clock.ts";
import { LOG_LEVELS, type Logger, type LogLevel } from "../shared/log-line.ts";

export interface LineLogOptions {
  readonly name: string;
  readonly level: LogLevel;
  readonly clock: Clock;
  /** Standard error by default. */
  readonly write?: (line: string) => void;
}

const MAX_CAUSES = 5;

export function createLineLog(options: LineLogOptions): Logger {
  const write = options.write ?? writeToStandardError;
  const threshold = LOG_LEVELS.indexOf(options.level);

  function create(bound: object): Logger {
    function log(level: LogLevel, fields: object, sentence: string): void {
      if (LOG_LEVELS.indexOf(level) < threshold) {
        return;
      }
      const time = new Date(options.clock.nowMs()).toISOString();
      const record = { level, time, name: options.name, ...bound, ...fields, msg: sentence };
      write(`${JSON.stringify(record, describe)}\n`);
    }
    return {
      debug: (fields, sentence) => log("debug", fields, sentence),
      info: (fields, sentence) => log("info", fields, sentence),
      warn: (fields, sentence) => log("warn", fields, sentence),
      error: (fields, sentence) => log("error", fields, sentence),
      child: (fields) => create({ ...bound, ...fields }),
    };
  }
  return create({});
}

/** What JSON cannot say by itself: errors with their causes, and 64-bit numbers. */
function describe(_: string, value: unknown): unknown {
  if (typeof value === "bigint") {
    return value.toString();
  }
  return value instanceof Error ? describeError(value, 0) : value;
}

function describeError(error: Error, depth: number): object {
  const { code, reason } = error as { readonly code?: unknown; readonly reason?: unknown };
  const cause =
    error.cause instanceof Error && depth < MAX_CAUSES ? describeError(error.cause, depth + 1) : undefined;
  return { type: error.name, message: error.message, code, reason, cause };
}

/** A log that nobody takes must not end, nor hold up, the agent: the line is lost. */
function writeToStandardError(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    return;
  }
}

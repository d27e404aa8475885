/** Structured logs: one JSON line a record, a static sentence and fields. */
import { pino } from "pino";
import type { Logger, LogLevel } from "./log-line.ts";

/** A logger to standard error. */
export function createLogger(name: string, level: LogLevel): Logger {
  return pino(
    {
      name,
      level,
      base: { name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      errorKey: "error",
      serializers: { error: pino.stdSerializers.err },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}

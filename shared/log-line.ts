/** What a log is to the code that writes to it; apart from log.ts so that the agent can have one without pino. */

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * A static sentence and fields. Levels by what an operator must do: warn = recovered, nothing lost; error = data lost or
 * a hand is needed.
 */
export interface Logger {
  debug(fields: object, sentence: string): void;
  info(fields: object, sentence: string): void;
  warn(fields: object, sentence: string): void;
  error(fields: object, sentence: string): void;
  child(fields: Readonly<Record<string, string>>): Logger;
}

/** A log for tests that do not read it. */
import type { Logger } from "../../shared/log-line.ts";

export const silentLog: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};

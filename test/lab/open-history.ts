/** A history file as a collector left it, or as a benchmark made it: opened, and nothing in it is let go. */
import { createHistory, type History } from "../../collector/history/history.ts";
import { systemClock } from "../../shared/clock.ts";
import { createTestLog } from "../collector/ingest/test-frames.ts";

export async function openHistory(path: string): Promise<History> {
  const history = createHistory({
    path,
    rawMs: 1e13,
    maxBytes: 1e12,
    clock: systemClock,
    log: createTestLog(),
  });
  await history.start();
  return history;
}

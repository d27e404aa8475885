/** Names this run of the agent, after those before it, and lists what they left. A folder that cannot be used is done without. */
import type { Clock, Timer } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log-line.ts";
import { createInstanceId } from "./instance-id.ts";
import type { SpoolFile, SpoolFiles } from "./spool-files.ts";

/** Holds the name of the last run, which must outlive that run's files. */
const RUN_FILE = "last-run";
/** A disk that hangs must not keep the agent from starting. */
const OPEN_LIMIT_MS = 3000;

export interface OpenRunOptions {
  readonly files: SpoolFiles;
  readonly fileName: RegExp;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: string;
}

export interface OpenedRun {
  readonly instanceId: string;
  readonly found: readonly SpoolFile[];
}

export async function openRun(options: OpenRunOptions): Promise<OpenedRun> {
  const { files, clock, log } = options;
  let found: readonly SpoolFile[] = [];
  let lastRun: string | undefined;
  try {
    const listed = await withLimit(files.list(), clock);
    found = listed.filter(({ name }) => options.fileName.test(name));
    lastRun = await withLimit(files.find(RUN_FILE), clock);
  } catch (error) {
    log.warn({ error }, "Spool cannot be read: frames wait in memory only.");
  }
  const known = [...found.map(({ name }) => name), lastRun ?? ""];
  const instanceId = createInstanceId(clock.nowMs(), known, options.random);
  try {
    await withLimit(files.replace(RUN_FILE, instanceId), clock);
  } catch (error) {
    log.warn({ error }, "Spool cannot be written: frames wait in memory only.");
  }
  return { instanceId, found };
}

async function withLimit<T>(work: Promise<T>, clock: Clock): Promise<T> {
  let timer: Timer | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = clock.after(OPEN_LIMIT_MS, () =>
      reject(new EtcdscopeError("TIMED_OUT", "Spool has not answered", { reason: "hung" })),
    );
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    timer?.cancel();
  }
}

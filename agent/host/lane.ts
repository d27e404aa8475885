/**
 * A lane lets one operation of a kind run at a time. It stands between probes and calls that may hang in the kernel,
 * so that a hung file system costs one thread a lane, and waiting callers leave when their time is over.
 */
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";

export interface LaneOperation {
  readonly what: string;
  readonly forMs: number;
}

export interface Lane {
  /**
   * Runs `work` when everything asked for before has come back. Rejects with TIMED_OUT (reason "hung") when the signal is
   * aborted first: work that has not begun is then never begun; work that has goes on alone and holds the lane.
   */
  run<T>(what: string, work: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** The operation under way, if any. */
  active(): LaneOperation | undefined;
}

/** More waiters than this is a fault of the caller. */
const MAX_WAITING = 64;

interface Job {
  readonly what: string;
  readonly begin: () => Promise<void>;
}

export function createLane(name: string, clock: Clock): Lane {
  let waiting: readonly Job[] = [];
  let current: { readonly what: string; readonly sinceUs: number } | undefined;

  function active(): LaneOperation | undefined {
    return (
      current && { what: current.what, forMs: Math.round((clock.monotonicUs() - current.sinceUs) / 1000) }
    );
  }

  function tooLate(what: string): EtcdscopeError {
    const under = active();
    const text =
      under === undefined || under.what === what
        ? `${what} has not come back`
        : `${what} waits for an earlier operation of lane ${name} that has not come back for ${under.forMs} ms: ${under.what}`;
    return new EtcdscopeError("TIMED_OUT", text, { reason: "hung" });
  }

  function next(): void {
    const [job, ...others] = waiting;
    current = job && { what: job.what, sinceUs: clock.monotonicUs() };
    waiting = others;
    void job?.begin().finally(next);
  }

  function run<T>(what: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (signal.aborted || waiting.length >= MAX_WAITING) {
      return Promise.reject(tooLate(what));
    }
    return new Promise<T>((resolve, reject) => {
      const job: Job = {
        what,
        begin: async () => {
          try {
            resolve(await work());
          } catch (caught) {
            reject(EtcdscopeError.from(caught));
          } finally {
            signal.removeEventListener("abort", leave);
          }
        },
      };
      function leave(): void {
        waiting = waiting.filter((one) => one !== job);
        reject(tooLate(what));
      }
      signal.addEventListener("abort", leave, { once: true });
      waiting = [...waiting, job];
      if (current === undefined) {
        next();
      }
    });
  }

  return { run, active };
}

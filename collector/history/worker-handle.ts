/**
 * The main thread's end of a worker's calls. A worker that dies rejects what was asked of it and is started again; a call
 * never hangs for ever.
 */
import { Worker, type Transferable } from "node:worker_threads";
import { backoffDelayMs } from "../../shared/backoff.ts";
import type { Clock, Timer } from "../../shared/clock.ts";
import { ERROR_CODES, EtcdscopeError, type ErrorCode } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log-line.ts";
import type { AnswerMessage, CallList, CallMessage } from "./worker-protocol.ts";

const RESTART_BACKOFF = { firstMs: 250, maxMs: 10_000 };
/** A call that takes longer has failed for its caller; the worker may still finish it. */
const CALL_LIMIT_MS = 30_000;

export interface WorkerHandleOptions<Calls extends CallList> {
  readonly file: URL;
  readonly clock: Clock;
  readonly log: Logger;
  /** What the worker's call "open" is given, at each start. */
  readonly openInput: () => Calls["open"]["input"];
  readonly onOpened: (output: Calls["open"]["output"]) => void;
  /** A call that the worker answered with an error, or had not when it ended; its caller gets it as well. */
  readonly onFailed: (error: EtcdscopeError) => void;
}

export interface WorkerHandle<Calls extends CallList> {
  /** Resolves when the worker is open; rejects when it could not be opened in this try. */
  start(): Promise<void>;
  /** Rejects with STORAGE_FAILED when the worker is not there, does not answer in time or dies meanwhile. */
  call<Name extends keyof Calls & string>(
    name: Name,
    input: Calls[Name]["input"],
    transfer?: readonly Transferable[],
  ): Promise<Calls[Name]["output"]>;
  /** Ends the worker, after which it is started again. */
  restart(): void;
  stop(): Promise<void>;
}

interface OpenCall {
  readonly settle: (answer: AnswerMessage) => void;
  readonly timer: Timer;
}

export function createWorkerHandle<Calls extends CallList>(
  options: WorkerHandleOptions<Calls>,
): WorkerHandle<Calls> {
  const { clock, log } = options;
  const openCalls = new Map<number, OpenCall>();
  let worker: Worker | undefined;
  let isStopped = false;
  let attempt = 0;
  let lastId = 0;
  /** Calls whose caller has given up and that the worker has not answered: it is stuck. */
  const overdue = new Set<number>();

  function settle(answer: AnswerMessage): void {
    overdue.delete(answer.id);
    const open = openCalls.get(answer.id);
    openCalls.delete(answer.id);
    open?.timer.cancel();
    open?.settle(answer);
  }

  function call<Name extends keyof Calls & string>(
    name: Name,
    input: Calls[Name]["input"],
    transfer: readonly Transferable[] = [],
  ): Promise<Calls[Name]["output"]> {
    const target = worker;
    if (target === undefined || overdue.size > 0) {
      const reason = target === undefined ? "restarting" : "stuck";
      return Promise.reject(
        new EtcdscopeError("STORAGE_FAILED", `History's thread does not answer (${reason})`, { reason }),
      );
    }
    lastId += 1;
    const id = lastId;
    return new Promise((resolve, reject) => {
      const timer = clock.after(CALL_LIMIT_MS, () => {
        overdue.add(id);
        openCalls.delete(id);
        reject(
          new EtcdscopeError("STORAGE_FAILED", `No answer within ${CALL_LIMIT_MS} ms`, { reason: "stuck" }),
        );
      });
      openCalls.set(id, {
        timer,
        settle: (answer) => {
          if (answer.kind === "done") {
            resolve(answer.output as Calls[Name]["output"]);
          } else {
            const { code, message, reason } = answer;
            const error = new EtcdscopeError(asErrorCode(code), message, reasonOf(reason));
            options.onFailed(error);
            reject(error);
          }
        },
      });
      target.postMessage({ id, name, input } satisfies CallMessage, [...transfer]);
    });
  }

  async function start(): Promise<void> {
    const started = new Worker(options.file);
    worker = started;
    started.on("message", settle);
    started.on("error", (error) => log.error({ error }, "Thread of the history failed."));
    started.on("exit", () => {
      if (worker === started) {
        lose();
      }
    });
    const output = await call("open", options.openInput());
    attempt = 0;
    options.onOpened(output);
  }

  /** The worker is gone: whoever waits is told, and after a pause it is started again. */
  function lose(): void {
    worker = undefined;
    overdue.clear();
    for (const id of openCalls.keys()) {
      const message = "History's thread ended before it answered";
      settle({ id, kind: "failed", code: "STORAGE_FAILED", message, reason: "thread_ended" });
    }
    if (isStopped) {
      return;
    }
    const delayMs = backoffDelayMs(attempt, RESTART_BACKOFF, Math.random());
    attempt += 1;
    clock.after(delayMs, () => {
      if (!isStopped && worker === undefined) {
        start().catch((error: unknown) => {
          log.error({ error }, "Thread of the history could not be started; trying again.");
          restart();
        });
      }
    });
  }

  function restart(): void {
    const old = worker;
    if (old !== undefined) {
      void old.terminate();
    }
  }

  async function stop(): Promise<void> {
    isStopped = true;
    const old = worker;
    if (old !== undefined) {
      await call("close", undefined).catch(() => undefined);
      await old.terminate();
    }
  }

  return { start, call, restart, stop };
}

function asErrorCode(code: string): ErrorCode {
  return Object.keys(ERROR_CODES).find((known): known is ErrorCode => known === code) ?? "STORAGE_FAILED";
}

function reasonOf(reason: string | undefined): { readonly reason?: string } {
  return reason === undefined ? {} : { reason };
}

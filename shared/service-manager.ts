/**
 * Tells systemd that a service is ready, alive or stopping (sd_notify(3)). Node cannot send to a unix datagram socket, so one small
 * shell, started once, hands each word on by systemd-notify: what is forked for a word is that shell, 1 MB, and never Node itself.
 */
import type { Clock, Timer } from "./clock.ts";
import { EtcdscopeError } from "./errors.ts";
import type { Logger } from "./log-line.ts";

/** With which the shell ends where there is nothing to tell it by. */
const WITHOUT_NOTIFY = 127;
/**
 * One line a word, from a fixed set. It ends with its standard input, that is with the service, and by nothing else: systemd asks
 * every process of a service to stop, and the last word is still to come then.
 */
const RELAY =
  `trap "" TERM INT; command -v systemd-notify >/dev/null || exit ${WITHOUT_NOTIFY}; ` +
  'while read -r word; do systemd-notify "$word"; done';

/** As systemd sets it; anything else of it is not looked at. */
export interface ServiceEnvironment {
  /** Set where systemd wants to be told. */
  readonly NOTIFY_SOCKET?: string | undefined;
  /** Microseconds after which a service that is not heard is killed. */
  readonly WATCHDOG_USEC?: string | undefined;
  /** The process that the watchdog is for. */
  readonly WATCHDOG_PID?: string | undefined;
}

/** What `systemctl status` shows of it beside its state. */
export type Status = "Opening the history" | "Serving agents and readers";

export type Word = "READY=1" | "STOPPING=1" | "WATCHDOG=1" | `STATUS=${Status}`;

export interface ServiceManager {
  status(what: Status): void;
  /** The service does what it is for; from now on it is said to be alive for as long as `isAlive` says so. */
  ready(isAlive: () => boolean): void;
  stopping(): void;
}

export interface ServiceManagerOptions {
  readonly env: ServiceEnvironment;
  readonly pid: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where words go; tests have their own. */
  readonly openRelay?: (onLost: (why: string) => void) => Promise<(word: Word) => void>;
}

const NOBODY: ServiceManager = {
  status: () => undefined,
  ready: () => undefined,
  stopping: () => undefined,
};

/** One that does nothing where no service manager asks to be told. */
export function createServiceManager(options: ServiceManagerOptions): ServiceManager {
  const { env, pid, clock, log } = options;
  if (env.NOTIFY_SOCKET === undefined || env.NOTIFY_SOCKET === "") {
    return NOBODY;
  }
  const everyMs = findPingInterval(env, pid);
  let timer: Timer | undefined;
  let isLost = false;
  let isSilent = false;
  function lose(why: string): void {
    isLost = true;
    timer?.cancel();
    log.warn({ why }, "systemd cannot be told how this service is.");
  }
  // Without it the service goes on: nothing of its work depends on being told of.
  const relay = (options.openRelay ?? openShell)(lose).catch((caught: unknown) => {
    lose(EtcdscopeError.from(caught).message);
    return () => undefined;
  });

  function tell(word: Word): void {
    void relay.then((send) => send(word));
  }

  function keepTelling(isAlive: () => boolean): void {
    timer = clock.after(everyMs ?? 0, () => {
      if (isAlive()) {
        tell("WATCHDOG=1");
        isSilent = false;
      } else if (!isSilent) {
        isSilent = true;
        log.error({}, "This service does not do its work: systemd is not told that it is alive.");
      }
      keepTelling(isAlive);
    });
  }

  return {
    status: (what) => tell(`STATUS=${what}`),
    ready: (isAlive) => {
      tell("READY=1");
      if (everyMs !== undefined && !isLost) {
        keepTelling(isAlive);
      }
    },
    stopping: () => {
      timer?.cancel();
      tell("STOPPING=1");
    },
  };
}

/** A third of what systemd allows: one word may be late. undefined: this process is not watched. */
export function findPingInterval(env: ServiceEnvironment, pid: number): number | undefined {
  const allowedUs = Number(env.WATCHDOG_USEC ?? "");
  const isForUs = env.WATCHDOG_PID === undefined || env.WATCHDOG_PID === String(pid);
  return isForUs && Number.isFinite(allowedUs) && allowedUs > 0 ? Math.ceil(allowedUs / 3000) : undefined;
}

async function openShell(onLost: (why: string) => void): Promise<(word: Word) => void> {
  // Loaded only where systemd asks: an agent without it does not pay for it.
  const { spawn } = await import("node:child_process");
  const shell = spawn("/bin/sh", ["-c", RELAY], { stdio: ["pipe", "ignore", "inherit"] });
  let isLost = false;
  function lose(why: string): void {
    if (!isLost) {
      isLost = true;
      onLost(why);
    }
  }
  shell.on("error", (error) => lose(error.message));
  shell.on("exit", (code, signal) =>
    lose(
      code === WITHOUT_NOTIFY
        ? "there is no systemd-notify"
        : `the shell that tells it has ended (${signal ?? String(code)})`,
    ),
  );
  // Then it has ended, which is told above with why.
  shell.stdin.on("error", () => undefined);
  // It ends with us; we do not wait for it.
  shell.unref();
  if ("unref" in shell.stdin && typeof shell.stdin.unref === "function") {
    shell.stdin.unref();
  }
  return (word) => {
    if (!isLost) {
      shell.stdin.write(`${word}\n`);
    }
  };
}

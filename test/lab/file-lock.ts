/** Lets only one process at a time do a thing for this checkout; a lock whose owner is gone is taken over. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../shared/clock.ts";

const LOOK_AGAIN_MS = 100;

/** Whether a process with that pid exists, ours or not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function tryTake(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      return false;
    }
    throw error;
  }
}

function removeIfAbandoned(path: string): void {
  try {
    const owner = Number(readFileSync(path, "utf8"));
    if (owner > 0 && !isAlive(owner)) {
      rmSync(path, { force: true });
    }
  } catch {
    // Released in the meantime.
  }
}

/** Waits for the lock at most timeoutMs, then throws. */
export async function withFileLock<T>(path: string, timeoutMs: number, act: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  const deadlineMs = systemClock.nowMs() + timeoutMs;
  while (!tryTake(path)) {
    removeIfAbandoned(path);
    if (systemClock.nowMs() > deadlineMs) {
      throw new Error(`Another process holds ${path} for longer than ${timeoutMs} ms`);
    }
    await delay(LOOK_AGAIN_MS);
  }
  try {
    return await act();
  } finally {
    rmSync(path, { force: true });
  }
}

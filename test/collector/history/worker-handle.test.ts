import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createWorkerHandle, type WorkerHandle } from "../../../collector/history/worker-handle.ts";
import { systemClock, type Clock } from "../../../shared/clock.ts";
import { createTestLog } from "../ingest/test-frames.ts";
import { waitFor } from "../ingest/wait-for.ts";

type Calls = Readonly<
  Record<"open" | "echo" | "die" | "throw" | "never", { readonly input: unknown; readonly output: unknown }>
>;

/** A call's own limit; a test that waits for it makes it short. All other pauses are a hundred times as fast. */
const CALL_LIMIT_MS = 30_000;
let limitMs = CALL_LIMIT_MS;
const hurriedClock: Clock = {
  ...systemClock,
  after: (delayMs, call) => systemClock.after(delayMs === CALL_LIMIT_MS ? limitMs : delayMs / 100, call),
};

let handle: WorkerHandle<Calls>;
let opened = 0;
const failed: string[] = [];

beforeEach(async () => {
  opened = 0;
  limitMs = CALL_LIMIT_MS;
  handle = createWorkerHandle<Calls>({
    file: new URL("./crashing-worker.ts", import.meta.url),
    clock: hurriedClock,
    log: createTestLog(),
    openInput: () => "open",
    onOpened: () => (opened += 1),
    onFailed: (error) => failed.push(error.code),
  });
  await handle.start();
});

afterEach(async () => {
  await handle.stop();
});

describe("collector/history/worker-handle", () => {
  it.each(["die", "throw"] as const)(
    "rejects what was asked when the thread ends (%s), and starts it again",
    async (how) => {
      const pending = [handle.call(how, undefined), handle.call("never", undefined)];
      for (const call of pending) {
        await expect(call).rejects.toMatchObject({ code: "STORAGE_FAILED" });
      }
      expect(failed.splice(0)).toEqual(["STORAGE_FAILED", "STORAGE_FAILED"]);
      await waitFor("a second start", () => opened === 2);
      expect(await handle.call("echo", 7)).toBe(7);
    },
  );

  it("rejects a call at once while the thread is away", async () => {
    await expect(handle.call("die", undefined)).rejects.toMatchObject({ reason: "thread_ended" });
    await expect(handle.call("echo", 1)).rejects.toMatchObject({ reason: "restarting" });
  });

  it("gives up a call that is not answered in time, and asks nothing more of a stuck thread", async () => {
    limitMs = 50;
    await expect(handle.call("never", undefined)).rejects.toMatchObject({ reason: "stuck" });
    await expect(handle.call("echo", 1)).rejects.toMatchObject({ reason: "stuck" });
  });
});

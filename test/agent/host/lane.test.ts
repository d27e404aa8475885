import { describe, expect, it } from "vitest";

import { createLane } from "../../../agent/host/lane.ts";
import { createManualClock } from "../manual-clock.ts";

const never = new AbortController().signal;

function hang(): { readonly work: () => Promise<string>; readonly release: () => void } {
  let release: () => void = () => undefined;
  const done = new Promise<string>((resolve) => {
    release = () => resolve("late");
  });
  return { work: () => done, release: () => release() };
}

describe("agent/host/lane", () => {
  it("runs one operation at a time, in order", async () => {
    const lane = createLane("file", createManualClock());
    const seen: string[] = [];
    const slow = hang();
    const first = lane.run("first", slow.work, never);
    const second = lane.run("second", async () => Promise.resolve(seen.push("second")), never);
    expect(lane.active()?.what).toBe("first");
    expect(seen).toEqual([]);
    slow.release();
    await Promise.all([first, second]);
    expect(seen).toEqual(["second"]);
    expect(lane.active()).toBeUndefined();
  });

  it("goes on after an operation that failed", async () => {
    const lane = createLane("file", createManualClock());
    await expect(lane.run("bad", () => Promise.reject(new Error("no")), never)).rejects.toThrow("no");
    await expect(lane.run("good", () => Promise.resolve(1), never)).resolves.toBe(1);
  });

  it("lets a caller leave a hung operation, and says what hangs and for how long to those behind it", async () => {
    const clock = createManualClock();
    const lane = createLane("filesystem", clock);
    const slow = hang();
    const controller = new AbortController();
    const first = lane.run("statfs /a", slow.work, controller.signal);
    await clock.advance(3000);
    const later = new AbortController();
    let began = false;
    const second = lane.run("statfs /b", () => Promise.resolve((began = true)), later.signal);
    controller.abort();
    later.abort();
    await expect(first).rejects.toMatchObject({ code: "TIMED_OUT", reason: "hung" });
    await expect(second).rejects.toThrow("has not come back for 3000 ms: statfs /a");
    slow.release();
    await clock.advance(0);
    expect(began).toBe(false);
    expect(lane.active()).toBeUndefined();
    await expect(lane.run("statfs /c", () => Promise.resolve(2), never)).resolves.toBe(2);
  });

  it("refuses more waiters than it has room for", async () => {
    const lane = createLane("file", createManualClock());
    const slow = hang();
    const waiting = Array.from({ length: 65 }, (_, index) => lane.run(`op ${index}`, slow.work, never));
    await expect(lane.run("one more", slow.work, never)).rejects.toMatchObject({ reason: "hung" });
    slow.release();
    await Promise.all(waiting);
  });
});

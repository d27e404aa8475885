import { describe, expect, it } from "vitest";
import { createLineLog } from "../../agent/line-log.ts";
import { systemClock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { LogLevel } from "../../shared/log-line.ts";

function open(level: LogLevel): { readonly lines: string[]; readonly log: ReturnType<typeof createLineLog> } {
  const lines: string[] = [];
  const clock = { ...systemClock, nowMs: () => Date.parse("2026-11-22T03:12:09.123Z") };
  return { lines, log: createLineLog({ name: "test", level, clock, write: (line) => lines.push(line) }) };
}

describe("agent/line-log", () => {
  it("writes one JSON line a record with level, time, name, fields and sentence", () => {
    const { lines, log } = open("info");
    log.child({ node: "m1" }).info({ count: 3, id: 10276657743932975437n }, "A sentence.");
    expect(lines).toEqual([
      '{"level":"info","time":"2026-11-22T03:12:09.123Z","name":"test","node":"m1","count":3,"id":"10276657743932975437","msg":"A sentence."}\n',
    ]);
  });

  it("leaves out what is below its level", () => {
    const { lines, log } = open("warn");
    log.debug({}, "no");
    log.info({}, "no");
    log.warn({}, "yes");
    log.error({}, "yes");
    expect(lines).toHaveLength(2);
  });

  it("spells out an error with its code, reason and causes, and ends on a circle of causes", () => {
    const { lines, log } = open("info");
    const cause = new Error("inner");
    log.error({ error: new EtcdscopeError("TIMED_OUT", "outer", { cause, reason: "timeout" }) }, "Failed.");
    cause.cause = cause;
    log.error({ error: cause }, "Failed.");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      error: {
        type: "EtcdscopeError",
        message: "outer",
        code: "TIMED_OUT",
        reason: "timeout",
        cause: { message: "inner" },
      },
    });
    expect(lines[1]?.length).toBeLessThan(1000);
  });
});

import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { nextTickMs, sendAfter, stepSession } from "../../../agent/stream/session.ts";
import {
  INITIAL_SESSION,
  SESSION_TIMES,
  WINDOW_FRAMES,
  type SessionAction,
  type SessionEvent,
  type SessionState,
} from "../../../agent/stream/session-state.ts";
import {
  ConnectResponseSchema,
  Reason,
  RefusalSchema,
  SettingsSchema,
  WelcomeSchema,
  type ConnectResponse,
} from "../../../shared/gen/etcdscope/v1/stream_pb.js";

/** Drives a session by hand: `at` moves time (milliseconds) and returns the actions. */
function createDriver() {
  let state: SessionState = INITIAL_SESSION;
  return {
    state: () => state,
    at(ms: number, event: SessionEvent, random = 0): readonly SessionAction[] {
      const step = stepSession(state, event, { ms, unixMs: 1_790_000_000_000 + ms, random });
      state = step.state;
      return step.actions;
    },
  };
}

function hear(message: ConnectResponse["message"]): SessionEvent {
  return { kind: "heard", message: create(ConnectResponseSchema, { message }) };
}

const response = (value: object): never => value as never;
const welcome = (resumeAfter: bigint): SessionEvent =>
  hear({ case: "welcome", value: create(WelcomeSchema, { resumeAfter, collectorVersion: "0.1.0" }) });
const ack = (sequence: bigint): SessionEvent => hear({ case: "ack", value: response({ sequence }) });
const pong = (id: bigint, receivedAtUnixUs: bigint): SessionEvent =>
  hear({ case: "pong", value: response({ id, receivedAtUnixUs }) });
const settings = (holdFramesMs: number): SessionEvent =>
  hear({ case: "settings", value: create(SettingsSchema, { holdFramesMs }) });
const refusal = (reason: Reason, retryable: boolean, retryAfterMs = 0): SessionEvent =>
  hear({ case: "refusal", value: create(RefusalSchema, { reason, text: "no", retryable, retryAfterMs }) });
const ended = (reason: string): SessionEvent => ({ kind: "ended", reason });

const kinds = (actions: readonly SessionAction[]): string[] => actions.map((action) => action.kind);

function streaming(resumeAfter = 0n) {
  const driver = createDriver();
  driver.at(0, { kind: "started" });
  driver.at(10, welcome(resumeAfter));
  return driver;
}

describe("agent/stream/session", () => {
  it("connects at the start and streams after the welcome, from where the collector is", () => {
    const driver = createDriver();
    expect(kinds(driver.at(0, { kind: "started" }))).toEqual(["connect"]);
    expect(sendAfter(driver.state())).toBeUndefined();
    const actions = driver.at(10, welcome(41n));
    expect(kinds(actions)).toEqual(["welcomed", "settings", "ping"]);
    expect(actions[0]).toMatchObject({ held: [{ first: 1n, last: 41n }], takesKept: false });
    expect(sendAfter(driver.state())).toBe(41n);
  });

  it("gives up a connection that is not welcomed within 5 s", () => {
    const driver = createDriver();
    driver.at(0, { kind: "started" });
    expect(driver.at(4999, { kind: "ticked" })).toEqual([]);
    expect(kinds(driver.at(5000, { kind: "ticked" }))).toEqual(["disconnect", "reportFailure"]);
  });

  it("waits longer for its welcome with each try at a collector that it reaches, and no longer at one that it does not", () => {
    const driver = createDriver();
    let now = 0;
    driver.at(now, { kind: "started" });
    const limits: number[] = [];
    for (const isReached of [true, true, false, true, true, true]) {
      if (isReached) {
        driver.at(now, { kind: "reached" });
      }
      const dueMs = nextTickMs(driver.state()) ?? 0;
      limits.push(dueMs - now);
      expect(kinds(driver.at(dueMs, { kind: "ticked" }))).toContain("disconnect");
      now = nextTickMs(driver.state()) ?? 0;
      expect(kinds(driver.at(now, { kind: "ticked" }))).toEqual(["connect"]);
    }
    expect(limits).toEqual([5000, 10_000, 5000, 40_000, 60_000, 60_000]);
    driver.at(now, welcome(0n));
    driver.at(now, ended("reset"));
    now = nextTickMs(driver.state()) ?? 0;
    driver.at(now, { kind: "ticked" });
    driver.at(now, { kind: "reached" });
    expect((nextTickMs(driver.state()) ?? 0) - now).toBe(10_000);
  });

  it("comes back after a refusal neither before it may nor when all others do", () => {
    const driver = streaming();
    driver.at(100, refusal(Reason.OVERLOADED, true, 10_000), 0.5);
    expect(nextTickMs(driver.state())).toBe(100 + 12_500);
  });

  it("waits longer after each failure, from 250 ms to 5 s, and starts over after a welcome", () => {
    const driver = createDriver();
    let now = 0;
    driver.at(now, { kind: "started" });
    const waits: number[] = [];
    for (let i = 0; i < 7; i += 1) {
      driver.at(now, ended("refused"), 0.999999);
      const dueMs = nextTickMs(driver.state()) ?? 0;
      waits.push(dueMs - now);
      now = dueMs;
      expect(kinds(driver.at(now, { kind: "ticked" }))).toEqual(["connect"]);
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000]);
    driver.at(now, welcome(0n));
    driver.at(now, ended("reset"), 0.999999);
    expect((nextTickMs(driver.state()) ?? 0) - now).toBe(250);
  });

  it("reports the same failure once, another one again, and either again after a welcome", () => {
    const driver = createDriver();
    driver.at(0, { kind: "started" });
    const reports: string[] = [];
    let now = 0;
    for (const text of ["refused", "refused", "reset", "refused"]) {
      reports.push(...kinds(driver.at(now, ended(text))).filter((kind) => kind === "reportFailure"));
      now = nextTickMs(driver.state()) ?? 0;
      driver.at(now, { kind: "ticked" });
    }
    expect(reports).toHaveLength(3);
    driver.at(now, welcome(0n));
    expect(kinds(driver.at(now, ended("refused")))).toContain("reportFailure");
  });

  it.each([
    ["IDENTITY_MISMATCH", refusal(Reason.IDENTITY_MISMATCH, false), 30_000],
    ["REPLACED", refusal(Reason.REPLACED, false), 30_000],
    ["SHUTTING_DOWN", refusal(Reason.SHUTTING_DOWN, true), 125],
    ["OVERLOADED", refusal(Reason.OVERLOADED, true, 10_000), 10_000],
    ["OVERLOADED", refusal(Reason.OVERLOADED, true, 4_000_000), 30_000],
  ] as const)("waits after the refusal %s", (reason, event, waitMs) => {
    const driver = streaming();
    const actions = driver.at(100, event);
    expect(kinds(actions)).toEqual(["disconnect", "reportRefusal"]);
    expect(actions[1]).toMatchObject({ reason, text: "no", retryInMs: waitMs });
    expect(nextTickMs(driver.state())).toBe(100 + waitMs);
  });

  it("asks for a sign of life after 1 s of silence and replaces the stream after 3 s", () => {
    const driver = streaming();
    driver.at(20, pong(1n, 0n));
    expect(driver.at(1019, { kind: "ticked" })).toEqual([]);
    expect(kinds(driver.at(1020, { kind: "ticked" }))).toEqual(["ping"]);
    expect(nextTickMs(driver.state())).toBe(3020);
    expect(driver.at(3019, { kind: "ticked" })).toEqual([]);
    expect(kinds(driver.at(3020, { kind: "ticked" }))).toEqual(["disconnect", "reportFailure"]);
  });

  it("is patient while frames are held, and still notices a dead stream in time to replace it within 5 s", () => {
    const driver = streaming();
    for (const [id, atMs] of [10, 1020, 2030, 3040].entries()) {
      driver.at(atMs, { kind: "ticked" });
      driver.at(atMs + 10, pong(BigInt(id + 1), BigInt(1000 * (1_790_000_000_000 + atMs + 5))));
    }
    driver.at(3060, settings(60_000));
    expect(nextTickMs(driver.state())).toBe(3060 + 3250);
    expect(kinds(driver.at(6310, { kind: "ticked" }))).toEqual(["ping"]);
    expect(nextTickMs(driver.state())).toBe(3060 + 4750);
    const actions = driver.at(7810, { kind: "ticked" });
    expect(kinds(actions)).toEqual(["disconnect", "reportFailure"]);
    expect(actions[1]).toMatchObject({ text: "Nothing heard for 4750 ms" });
    expect(nextTickMs(driver.state())).toBe(7810);
  });

  it("keeps a stream that is slow but alive while frames are held: a message every 3 s, acknowledged after up to 1.7 s", () => {
    const driver = streaming();
    driver.at(20, settings(2000));
    let pings = 0;
    let [nextMessageMs, ackAtMs, pongAtMs] = [2000, Infinity, 500];
    let sequence = 0n;
    for (let ms = 30; ms < 120_000; ms += 10) {
      if (ms >= nextMessageMs) {
        sequence += 3n;
        driver.at(ms, { kind: "sent", sequence });
        nextMessageMs += 3000;
        ackAtMs = ms + (sequence % 2n === 0n ? 1700 : 100);
      }
      if (ms >= ackAtMs) {
        ackAtMs = Infinity;
        driver.at(ms, ack(sequence));
      }
      if (ms >= pongAtMs) {
        pongAtMs = Infinity;
        driver.at(ms, pong(BigInt(pings + 1), 0n));
      }
      if (ms >= (nextTickMs(driver.state()) ?? Infinity)) {
        const told = kinds(driver.at(ms, { kind: "ticked" }));
        expect(told).not.toContain("disconnect");
        if (told.includes("ping")) {
          pings += 1;
          // as slow as a collector's loop may be
          pongAtMs = ms + 1000;
        }
      }
    }
    expect(driver.state().kind).toBe("streaming");
    expect(pings).toBeGreaterThan(10);
  });

  it("takes any message as a sign of life", () => {
    const driver = streaming();
    driver.at(1020, { kind: "ticked" });
    driver.at(2900, ack(0n));
    expect(driver.at(3100, { kind: "ticked" })).toEqual([]);
    expect(nextTickMs(driver.state())).toBe(5900);
  });

  it("asks again, instead of blaming the stream, when it was stopped itself", () => {
    const driver = streaming();
    driver.at(20, pong(1n, 0n));
    expect(kinds(driver.at(60_000, { kind: "ticked" }))).toEqual(["ping"]);
    expect(nextTickMs(driver.state())).toBe(61_500);
    expect(kinds(driver.at(60_001, pong(2n, 0n)))).toEqual(["clockOffset"]);
  });

  it("hands on acknowledgements that move forward, and never beyond what was sent", () => {
    const driver = streaming();
    for (const sequence of [1n, 2n, 3n]) {
      driver.at(20, { kind: "sent", sequence });
    }
    expect(driver.at(30, ack(2n))).toEqual([{ kind: "acknowledge", sequence: 2n }]);
    expect(driver.at(31, ack(1n))).toEqual([]);
    expect(driver.at(32, ack(99n))).toEqual([{ kind: "acknowledge", sequence: 3n }]);
  });

  it("stops sending when the window of unacknowledged frames is full", () => {
    const driver = streaming();
    driver.at(20, { kind: "sent", sequence: 1n });
    driver.at(20, { kind: "sent", sequence: WINDOW_FRAMES });
    expect(sendAfter(driver.state())).toBeUndefined();
    driver.at(30, ack(1n));
    expect(sendAfter(driver.state())).toBe(WINDOW_FRAMES);
  });

  it("does not count what is not sent by this stream: after a gap the window begins anew", () => {
    const driver = streaming(5n);
    driver.at(20, { kind: "sent", sequence: 900_000n });
    expect(sendAfter(driver.state())).toBe(900_000n);
    expect(driver.at(30, ack(900_000n))).toEqual([{ kind: "acknowledge", sequence: 900_000n }]);
  });

  it("measures the clock offset three times in quick succession, then every 10 s, and trusts the fastest", () => {
    const driver = streaming();
    const serverAheadUs = 7_000_000n;
    const at = (ms: number): bigint => BigInt(1_790_000_000_000 + ms) * 1000n + serverAheadUs;
    expect(driver.at(12, pong(1n, at(11)))).toEqual([
      { kind: "clockOffset", offset: { offsetUs: -7_000_000, roundTripUs: 2000 } },
    ]);
    expect(kinds(driver.at(1012, { kind: "ticked" }))).toEqual(["ping"]);
    // an answer that took long is known less well
    expect(driver.at(1912, pong(2n, at(1013)))).toEqual([
      { kind: "clockOffset", offset: { offsetUs: -7_000_000, roundTripUs: 2000 } },
    ]);
    driver.at(2912, { kind: "ticked" });
    driver.at(2914, pong(3n, at(2913)));
    for (let ms = 3000; ms <= 12_900; ms += 300) {
      expect(driver.at(ms, ack(0n))).toEqual([]);
      expect(driver.at(ms, { kind: "ticked" })).toEqual([]);
    }
    expect(kinds(driver.at(12_914, { kind: "ticked" }))).toEqual(["ping"]);
  });

  it("forgets what it measured before one of the clocks was set", () => {
    const driver = streaming();
    const now = (ms: number): bigint => BigInt(1_790_000_000_000 + ms) * 1000n;
    driver.at(12, pong(1n, now(11)));
    driver.at(1012, { kind: "ticked" });
    // the collector's clock went back by an hour; this answer took longer, and is believed all the same
    expect(driver.at(1052, pong(2n, now(1032) - 3_600_000_000n))).toEqual([
      { kind: "clockOffset", offset: { offsetUs: 3_600_000_000, roundTripUs: 40_000 } },
    ]);
  });

  it.each(["stopped", "waiting"])("ignores what an old connection still says while %s", (kind) => {
    const driver = streaming();
    driver.at(20, kind === "stopped" ? { kind: "stopped" } : ended("reset"));
    expect(driver.state().kind).toBe(kind);
    for (const event of [welcome(1n), ack(1n), ended("again"), { kind: "sent", sequence: 1n } as const]) {
      expect(driver.at(21, event)).toEqual([]);
    }
  });

  it("skips a second welcome and messages that it does not know", () => {
    const driver = streaming();
    expect(driver.at(20, welcome(50n))).toEqual([]);
    expect(driver.at(20, hear({ case: undefined }))).toEqual([]);
    expect(sendAfter(driver.state())).toBe(0n);
  });

  it("is looked at often enough: every state but stopped has a next tick", () => {
    const driver = createDriver();
    expect(nextTickMs(driver.state())).toBeUndefined();
    driver.at(0, { kind: "started" });
    expect(nextTickMs(driver.state())).toBe(SESSION_TIMES.connectLimitMs);
  });
});

import pino from "pino";
import { describe, expect, it } from "vitest";
import { createFindingRecorder } from "../../collector/finding-recorder.ts";
import type { Finding } from "../../shared/rest.ts";

const AT = "2026-11-24T03:00:00.000Z";

function finding(id: string, changed: Partial<Finding> = {}): Finding {
  return {
    id,
    code: "MEMBER_DOWN",
    layer: "process",
    severity: "critical",
    subject: { kind: "member", name: "m1" },
    status: "active",
    since: AT,
    lastSeen: AT,
    until: null,
    rootCause: true,
    causedBy: [],
    explains: [],
    confidence: "certain",
    title: { en: "", zh: "" },
    detail: { en: "", zh: "" },
    respondWithin: "30m",
    runbook: "member-down",
    evidence: [],
    ruledOut: [],
    ...changed,
  };
}

/** A history that fails while `isBroken`, and what it was handed. */
function watch(): {
  readonly saved: string[][];
  isBroken: boolean;
  readonly record: (active: readonly Finding[], resolved?: readonly Finding[]) => Promise<void>;
} {
  const watched = { saved: [] as string[][], isBroken: false };
  const recorder = createFindingRecorder({
    save: async (_cluster, findings) => {
      await Promise.resolve();
      if (watched.isBroken) {
        throw new Error("disk full");
      }
      watched.saved.push(findings.map(({ id, status }) => `${id} ${status}`));
    },
    log: pino({ level: "silent" }),
  });
  return Object.assign(watched, {
    record: async (active: readonly Finding[], resolved: readonly Finding[] = []) => {
      recorder.record("lab", { active, resolved });
      await new Promise((resolve) => setImmediate(resolve));
    },
  });
}

describe("collector/finding-recorder", () => {
  it("writes a finding when it changes, and not at each look", async () => {
    const { saved, record } = watch();
    await record([finding("a")]);
    await record([finding("a")]);
    await record([finding("a", { lastSeen: "2026-11-24T03:00:31.000Z" })]);
    await record([], [finding("a", { status: "resolved" })]);
    expect(saved).toEqual([["a active"], ["a active"], ["a resolved"]]);
  });

  it("keeps what could not be written, the last of each, and brings it at a later look", async () => {
    const watched = watch();
    watched.isBroken = true;
    await watched.record([finding("a"), finding("b")]);
    await watched.record([finding("b")], [finding("a", { status: "resolved" })]);
    watched.isBroken = false;
    await watched.record([finding("b")]);
    expect(watched.saved).toEqual([["a resolved", "b active"]]);
  });
});

import { describe, expect, it } from "vitest";
import { LogEventGate } from "../../../agent/probe/log-event-gate.ts";

describe("agent/probe/log-event-gate", () => {
  it("is bounded, whatever codes come", () => {
    const gate = new LogEventGate();
    const many = Array.from({ length: 5000 }, (_, index) => ({
      code: `C${index}`,
      severity: "info",
      atMs: 0,
      excerpt: "",
      said: "",
    }));
    expect(gate.take(many, 0).length).toBe(200);
  });
});

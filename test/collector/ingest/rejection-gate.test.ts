import { describe, expect, it } from "vitest";
import { createRejectionGate } from "../../../collector/ingest/rejection-gate.ts";

describe("collector/ingest/rejection-gate", () => {
  it("lets each reason through at once, then now and then, with how many came between", () => {
    const gate = createRejectionGate({ everyMs: 10_000, reasons: 4 });
    expect(gate.pass("expired", 0)).toBe(0);
    expect(gate.pass("expired", 1)).toBeUndefined();
    expect(gate.pass("expired", 9999)).toBeUndefined();
    expect(gate.pass("other authority", 5000)).toBe(0);
    expect(gate.pass("expired", 10_000)).toBe(2);
    expect(gate.pass("expired", 20_000)).toBe(0);
  });

  it("gives all reasons beyond its bound one place", () => {
    const gate = createRejectionGate({ everyMs: 10_000, reasons: 2 });
    expect([gate.pass("a", 0), gate.pass("b", 0), gate.pass("c", 0)]).toEqual([0, 0, 0]);
    expect([gate.pass("d", 1), gate.pass("e", 2)]).toEqual([undefined, undefined]);
    expect(gate.pass("f", 10_000)).toBe(2);
  });
});

import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { createFactMemory } from "../../shared/fact-memory.ts";
import { FactSchema, ProcessFactSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";

function processFact(note: string, pid = 1): Uint8Array {
  const value = create(ProcessFactSchema, { pid, note });
  return toBinary(FactSchema, create(FactSchema, { key: "process", body: { case: "process", value } }));
}

describe("shared/fact-memory", () => {
  it("gives the same object for the same bytes, and another for others", () => {
    const memory = createFactMemory();
    const first = memory.read(processFact("a"));
    expect(memory.read(processFact("a"))).toBe(first);
    const second = memory.read(processFact("b"));
    expect(second).not.toBe(first);
    expect(second.body).toMatchObject({ case: "process", value: { note: "b" } });
    expect(createFactMemory().read(processFact("a"))).not.toBe(first);
  });

  it("holds no more than it may, and reads on", () => {
    const memory = createFactMemory();
    const first = memory.read(processFact("x".repeat(4000), 1));
    for (let pid = 2; pid < 100; pid += 1) {
      expect(memory.read(processFact("x".repeat(4000), pid)).body).toMatchObject({ value: { pid } });
    }
    expect(memory.read(processFact("x".repeat(4000), 1))).not.toBe(first);
    const large = processFact("x".repeat(20_000));
    expect(memory.read(large)).not.toBe(memory.read(large));
  });

  it("throws for bytes that are no fact, each time", () => {
    const memory = createFactMemory();
    for (let round = 0; round < 2; round += 1) {
      expect(() => memory.read(Uint8Array.of(10, 200, 1))).toThrow(/./);
    }
  });
});

import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { describeChange } from "../../../collector/incident/describe-change.ts";
import { FactSchema, FlagsFactSchema, type Fact } from "../../../shared/gen/etcdscope/v1/fact_pb.js";

function held(flags: Record<string, string>, given: string[] = []): Fact {
  const value = create(FlagsFactSchema, { flags, given });
  return create(FactSchema, { key: "flags", body: { case: "flags", value } });
}

function changes(before: Fact, after: Fact): readonly string[] {
  return describeChange(before, after).map(({ text }) => text.en);
}

describe("collector/incident/describe-change", () => {
  it("takes no default that has become known for a change, and tells one that another version has", () => {
    const unknown = held({ name: "m1" });
    const known = held({ name: "m1", "snapshot-count": "100000", "pre-vote": "true" });
    expect(changes(unknown, known)).toEqual([]);
    expect(changes(known, unknown)).toEqual([]);
    const newer = held({ name: "m1", "snapshot-count": "10000", "pre-vote": "true", "max-learners": "1" });
    expect(changes(known, newer)).toEqual(["--snapshot-count: 100000 → 10000"]);
  });

  it("tells what is given, and no longer", () => {
    const without = held({ name: "m1" });
    const given = held({ name: "m1", "log-level": "debug" }, ["log-level"]);
    expect(changes(without, given)).toEqual(["--log-level: (not set) → debug"]);
    expect(changes(given, without)).toEqual(["--log-level: debug → (not set)"]);
  });
});

import {
  create,
  equals,
  fromBinary,
  toBinary,
  type DescMessage,
  type MessageShape,
} from "@bufbuild/protobuf";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { compactMessage } from "../../shared/compact-message.ts";
import { FactSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { FrameSchema } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { fromKeyframe, readRealFrames, RECORDED_NODES } from "../bench/real-frames.ts";

setFlagsFromString("--allow-natives-syntax");
const hasFastProperties = runInNewContext("(object) => %HasFastProperties(object)") as (
  object: object,
) => boolean;
hasFastProperties({}); // compiled now
setFlagsFromString("--no-allow-natives-syntax");

function reread<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): MessageShape<Desc> {
  return fromBinary(schema, toBinary(schema, message));
}

function factsOfKeyframes(): readonly MessageShape<typeof FactSchema>[] {
  return RECORDED_NODES.flatMap((node) => fromKeyframe(readRealFrames(node))[0]?.facts ?? []);
}

describe("shared/compact-message", () => {
  it("keeps every fact of a real keyframe as it was", () => {
    const facts = factsOfKeyframes();
    expect(facts.length).toBeGreaterThan(60);
    for (const fact of facts) {
      const made = compactMessage(FactSchema, reread(FactSchema, fact));
      expect(equals(FactSchema, made, fact)).toBe(true);
      expect(toBinary(FactSchema, made)).toEqual(toBinary(FactSchema, fact));
    }
  });

  it("makes no object of many fields a hash table, which the library does", () => {
    const fact = factsOfKeyframes().find(({ body }) => body.case === "certificate") ?? create(FactSchema);
    const { value: before = {} } = reread(FactSchema, fact).body;
    const { value: after = {} } = compactMessage(FactSchema, reread(FactSchema, fact)).body;
    expect(hasFastProperties(before)).toBe(false);
    expect(hasFastProperties(after)).toBe(true);
  });

  it("takes names of a map as they come, and what a newer version added", () => {
    const flags = { $typeName: "etcdscope.v1.Fact", "a\nb": "1", ["__proto__"]: "2", constructor: "3" };
    const fact = create(FactSchema, {
      key: "flags",
      body: { case: "flags", value: { flags: Object.fromEntries(Object.entries(flags)) } },
    });
    const unknown = Uint8Array.of(0xfa, 0x3f, 1, 65); // field 1023, a text
    const bytes = Uint8Array.from([...toBinary(FactSchema, fact), ...unknown]);
    const made = compactMessage(FactSchema, fromBinary(FactSchema, bytes));
    expect(toBinary(FactSchema, made)).toEqual(bytes);
  });

  it("takes a message without anything in it, and one with a field of each kind", () => {
    expect(compactMessage(FactSchema, create(FactSchema))).toEqual(create(FactSchema));
    const frame = create(FrameSchema, {
      facts: [{ key: "a" }],
      sampleSeries: [1, 2],
      sampleValues: [0.5, 1],
    });
    expect(compactMessage(FrameSchema, reread(FrameSchema, frame))).toEqual(frame);
  });
});

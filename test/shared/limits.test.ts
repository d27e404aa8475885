import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { fitFrame } from "../../agent/spool/fit-frame.ts";
import { createFrameEncoder } from "../../shared/frame-codec.ts";
import { EventSchema, FactSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import {
  FrameSchema,
  HelloSchema,
  type Frame as WireFrame,
  type Hello,
} from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { checkFrame, checkHello, checkSeriesDefinition, LIMITS } from "../../shared/limits.ts";
import { testFrame } from "../collector/ingest/test-frames.ts";

function hello(overrides: Partial<Hello> = {}): Hello {
  return create(HelloSchema, { cluster: "prod-a", node: "m1", instanceId: "i", ...(overrides as object) });
}

function check(wire: WireFrame): string | undefined {
  return checkFrame(wire, toBinary(FrameSchema, wire).length);
}

const tooMuch: readonly (readonly [string, Partial<WireFrame>])[] = [
  [
    "samples",
    { sampleSeries: Array(20_001).fill(1) as number[], sampleValues: Array(20_001).fill(1) as number[] },
  ],
  ["facts", { facts: Array.from({ length: 2001 }, () => create(FactSchema)) }],
  ["events", { events: Array.from({ length: 2001 }, () => create(EventSchema)) }],
  [
    "a long string in a fact",
    {
      facts: [
        create(FactSchema, {
          key: "flags",
          body: { case: "flags", value: { flags: { a: "x".repeat(16_385) } } },
        }),
      ],
    },
  ],
  [
    "a large fact",
    {
      facts: [
        create(FactSchema, {
          key: "flags",
          body: {
            case: "flags",
            value: {
              flags: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`f${i}`, "x".repeat(16_000)])),
            },
          },
        }),
      ],
    },
  ],
  ["a long string in an event", { events: [create(EventSchema, { kind: "x".repeat(16_385) })] }],
];

describe("shared/limits", () => {
  it("lets an ordinary hello and frame pass", () => {
    expect(checkHello(hello())).toBeUndefined();
    expect(check(createFrameEncoder().encode(testFrame(1n)))).toBeUndefined();
  });

  it.each([
    [{ cluster: "" }],
    [{ cluster: "a".repeat(64) }],
    [{ cluster: "a/b" }],
    [{ cluster: ".." }],
    [{ node: "." }],
    [{ node: "" }],
    [{ node: "n".repeat(254) }],
    [{ instanceId: "" }],
    [{ instanceId: "i".repeat(129) }],
    [{ agentVersion: "v".repeat(129) }],
  ])("refuses a hello with %j", (part) => {
    expect(checkHello(hello(part))).toMatch(/^Expected/);
  });

  it.each([
    ["", []],
    ["m".repeat(129), []],
    ["m{}", []],
    ["m", [["l".repeat(65), "v"]]],
    ["m", [['a="x",b', "v"]]],
    ["m", [["l", "v".repeat(513)]]],
    ["m", Array.from({ length: 17 }, (_, i) => [`l${i}`, "v"])],
  ])("refuses the series %s %j", (metric, labels) => {
    const definition = { id: 1, metric, labels: labels.map(([name, value]) => ({ name, value })) };
    expect(checkSeriesDefinition(definition as never)).toMatch(/^Expected/);
  });

  it.each(tooMuch)("refuses a frame with too much of it: %s", (_, part) => {
    const wire = { ...createFrameEncoder().encode(testFrame(1n)), ...part };
    expect(check(wire)).toMatch(/^Expected/);
  });

  it.each(tooMuch)("is kept by what the agent cuts: %s", (_, part) => {
    const cut = fitFrame({ ...createFrameEncoder().encode(testFrame(1n)), ...part });
    expect(check(cut.frame)).toBeUndefined();
    expect(cut.leftOut).toBeGreaterThan(0);
  });

  it("is kept by a frame cut down to the size of a message", () => {
    const facts = Array.from({ length: 400 }, (_, i) =>
      create(FactSchema, { key: `f${i}`, body: { case: "process", value: { note: "x".repeat(16_000) } } }),
    );
    const cut = fitFrame({ ...createFrameEncoder().encode(testFrame(1n)), facts });
    expect(toBinary(FrameSchema, cut.frame).length).toBeLessThan(LIMITS.messageBytes);
    expect(cut.frame.facts.length).toBeGreaterThan(100);
    expect(cut.leftOut).toBeGreaterThan(0);
  });
});

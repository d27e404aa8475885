import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";

import { FrameBuilder } from "../../../agent/frame/frame-builder.ts";
import type { CompletedRun } from "../../../agent/probe/completed-run.ts";
import type { Observation } from "../../../agent/probe/probe.ts";
import {
  EventSchema,
  FactSchema,
  NodeFactSchema,
  ProcessFactSchema,
  ProcessState,
} from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Fact } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { Outcome } from "../../../shared/gen/etcdscope/v1/stream_pb.js";
import type { Frame } from "../../../shared/frame.ts";

function run(probe: string, observation: Observation, rest: Partial<CompletedRun> = {}): CompletedRun {
  return {
    probe,
    target: "",
    outcome: Outcome.OK,
    durationUs: 5,
    errorCode: "",
    errorText: "",
    observation,
    ...rest,
  };
}

function processFact(state: ProcessState): Fact {
  const value = create(ProcessFactSchema, { state, pid: 7 });
  return create(FactSchema, { key: "process", body: { case: "process", value } });
}

function nodeFact(hostname: string): Fact {
  return create(FactSchema, {
    key: "node",
    body: { case: "node", value: create(NodeFactSchema, { hostname }) },
  });
}

/** A builder past its first keyframe, with a time that goes on a second a frame. */
function begin(): { builder: FrameBuilder; close: () => Frame; at: (second: number) => void } {
  const builder = new FrameBuilder();
  let second = 0;
  const close = (): Frame => {
    second += 1;
    return builder.close({ nowMs: second * 1000, monotonicUs: second * 1e6 });
  };
  return { builder, close, at: (next) => (second = next) };
}

describe("agent/frame/frame-builder", () => {
  it("numbers frames from 1 and begins with a keyframe", () => {
    const { close } = begin();
    expect(close()).toMatchObject({ sequence: 1n, keyframe: true, capturedAtMs: 1000, monotonicUs: 1e6 });
    expect(close()).toMatchObject({ sequence: 2n, keyframe: false });
  });

  it("sends a fact when it is new or changed, and not when it is the same", () => {
    const { builder, close } = begin();
    close();
    builder.observe(run("node", { facts: [nodeFact("a")] }), 0);
    expect(close().facts).toHaveLength(1);
    builder.observe(run("node", { facts: [nodeFact("a")] }), 0);
    expect(close().facts).toEqual([]);
    builder.observe(run("node", { facts: [nodeFact("b")] }), 0);
    expect(close().facts).toMatchObject([{ body: { value: { hostname: "b" } } }]);
  });

  it("calls urgent what is a change of state, and only that", () => {
    const { builder } = begin();
    const f = (what: string, completed: CompletedRun, want: boolean): void => {
      expect(builder.observe(completed, 0), what).toBe(want);
    };
    const running = { facts: [processFact(ProcessState.RUNNING)] };
    f("the first run of a probe", run("process", running), true);
    f("the same again", run("process", running), false);
    f("another state", run("process", { facts: [processFact(ProcessState.STOPPED)] }), true);
    f("a removed fact of state", run("process", { removedFacts: ["process"] }), true);
    f("a fact that never held", run("process", { removedFacts: ["process"] }), false);
    f("another probe's first run", run("node", {}), true);
    f("a fact that is not of state", run("node", { facts: [nodeFact("a")] }), false);
    f("samples", run("node", { samples: [{ key: "x", value: 1 }] }), false);
    f("an event", run("node", { events: [create(EventSchema, { kind: "leader_changed" })] }), true);
    const failed = { outcome: Outcome.FAILED, errorCode: "refused", errorText: "a" };
    f("a failure", run("node", {}, failed), true);
    f("the same failure in other words", run("node", {}, { ...failed, errorText: "b" }), false);
    f("another failure", run("node", {}, { ...failed, errorCode: "timeout" }), true);
    f("well again", run("node", {}), true);
  });

  it("holds everything in force and the age of every last run in a keyframe", () => {
    const { builder, close } = begin();
    builder.observe(run("node", { facts: [nodeFact("a")] }), 0);
    builder.observe(run("process", { facts: [processFact(ProcessState.RUNNING)] }), 500_000);
    close();
    builder.observe(run("process", {}), 1_500_000);
    builder.requestKeyframe();
    const frame = close();
    expect(frame.keyframe).toBe(true);
    expect(frame.facts.map(({ key }) => key)).toEqual(["node", "process"]);
    expect(frame.probeRuns.map(({ probe, ageMs }) => [probe, ageMs])).toEqual([
      ["process", 0],
      ["node", 2000],
    ]);
    expect(close().facts).toEqual([]);
  });

  it("makes a keyframe every minute", () => {
    const { close, at } = begin();
    close();
    at(59);
    expect(close().keyframe).toBe(false);
    at(60);
    expect(close().keyframe).toBe(true);
    expect(close().keyframe).toBe(false);
  });

  it("says once that a fact no longer holds, and leaves it out of keyframes", () => {
    const { builder, close } = begin();
    builder.observe(run("node", { facts: [nodeFact("a")] }), 0);
    close();
    builder.observe(run("node", { removedFacts: ["node"] }), 0);
    expect(close().facts).toMatchObject([{ key: "node", removed: true, body: { case: undefined } }]);
    builder.requestKeyframe();
    expect(close().facts).toEqual([]);
  });

  it("removes the facts and the runs of a target that went away", () => {
    const { builder, close } = begin();
    builder.observe(run("status", { facts: [processFact(ProcessState.RUNNING)] }, { target: "m4" }), 0);
    builder.observe(run("status", { facts: [nodeFact("a")] }, { target: "m2" }), 0);
    close();
    expect(builder.removeTarget("status", "m4")).toBe(true);
    expect(builder.removeTarget("status", "m4")).toBe(false);
    expect(close().facts).toMatchObject([{ key: "process", removed: true }]);
    builder.requestKeyframe();
    expect(close().probeRuns.map(({ target }) => target)).toEqual(["m2"]);
  });

  it("sends a fact that came back within one frame", () => {
    const { builder, close } = begin();
    builder.observe(run("node", { facts: [nodeFact("a")] }), 0);
    close();
    builder.observe(run("node", { removedFacts: ["node"] }), 0);
    builder.observe(run("node", { facts: [nodeFact("a")] }), 0);
    expect(close().facts).toMatchObject([{ key: "node", removed: false }]);
  });

  it("keeps the later of two values of a series and forgets samples with their frame", () => {
    const { builder, close } = begin();
    builder.observe(run("a", { samples: [{ key: "x", value: 1 }] }), 0);
    builder.observe(run("a", { samples: [{ key: "x", value: 2 }] }), 0);
    builder.addSamples([{ key: "y", value: 3 }]);
    expect(close().samples).toEqual([
      { key: "x", value: 2 },
      { key: "y", value: 3 },
    ]);
    expect(close().samples).toEqual([]);
  });

  it("bounds what one frame can hold, and counts the rest", () => {
    const { builder, close } = begin();
    close();
    for (let index = 0; index < 1100; index++) {
      builder.observe(run("a", { events: [create(EventSchema, { kind: String(index) })] }), 0);
    }
    const frame = close();
    expect(frame.events).toHaveLength(1000);
    expect(frame.probeRuns).toHaveLength(1000);
    expect(builder.leftOutTotal).toBe(200);
  });
});

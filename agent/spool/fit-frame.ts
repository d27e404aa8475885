/** Cuts a frame down to the limits of the wire, so that a collector never has to refuse it; says how much was left out. */
import { toBinary } from "@bufbuild/protobuf";
import { EventSchema, FactSchema, type Event, type Fact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { FrameSchema, type Frame as WireFrame } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { hasLongString, isLongerThan, LIMITS } from "../../shared/limits.ts";

/** Room for the frame's numbers and the envelope around it. */
const ENVELOPE_BYTES = 1024;

export interface FittedFrame {
  readonly frame: WireFrame;
  /** Samples, facts, events and probe runs that are not in it, and texts that were shortened. */
  readonly leftOut: number;
}

/** Costs several encodings: for frames that are known to break a limit. */
export function fitFrame(frame: WireFrame): FittedFrame {
  const facts = frame.facts.slice(0, LIMITS.factsPerFrame).filter(isFactAllowed);
  const events = frame.events.slice(0, LIMITS.eventsPerFrame).filter(isEventAllowed);
  const probeRuns = frame.probeRuns.slice(0, LIMITS.probeRunsPerFrame);
  const shortened = probeRuns.filter((run) => isLongerThan(run.errorText, LIMITS.stringBytes)).length;
  const fitted: WireFrame = {
    ...frame,
    sampleSeries: frame.sampleSeries.slice(0, LIMITS.samplesPerFrame),
    sampleValues: frame.sampleValues.slice(0, LIMITS.samplesPerFrame),
    facts,
    events,
    probeRuns: probeRuns.map((run) => ({
      ...run,
      errorText: shorten(run.errorText),
      errorCode: shorten(run.errorCode),
    })),
  };
  shrinkToMessage(fitted);
  return { frame: fitted, leftOut: countParts(frame) - countParts(fitted) + shortened };
}

function isFactAllowed(fact: Fact): boolean {
  return !hasLongString(fact) && toBinary(FactSchema, fact).length <= LIMITS.documentBytes;
}

function isEventAllowed(event: Event): boolean {
  return !hasLongString(event) && toBinary(EventSchema, event).length <= LIMITS.documentBytes;
}

/** Newest parts go first: events repeat in logs, facts come again with the next keyframe, samples with the next tick. */
function shrinkToMessage(frame: WireFrame): void {
  const parts: readonly unknown[][] = [frame.events, frame.facts, frame.probeRuns];
  let excess = toBinary(FrameSchema, frame).length + ENVELOPE_BYTES - LIMITS.messageBytes;
  for (const part of parts) {
    while (excess > 0 && part.length > 0) {
      part.splice(part.length >> 1);
      excess = toBinary(FrameSchema, frame).length + ENVELOPE_BYTES - LIMITS.messageBytes;
    }
  }
}

function countParts(frame: WireFrame): number {
  return frame.sampleSeries.length + frame.facts.length + frame.events.length + frame.probeRuns.length;
}

/** Cut by characters of at most four bytes each, so that the result is short enough whatever the script. */
function shorten(text: string): string {
  return isLongerThan(text, LIMITS.stringBytes) ? text.slice(0, LIMITS.stringBytes / 4) : text;
}

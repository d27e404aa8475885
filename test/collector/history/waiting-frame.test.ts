import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { createFactChanges } from "../../../collector/history/fact-changes.ts";
import { packFrames, unpackFrames } from "../../../collector/history/frame-batch.ts";
import { createNameDictionary, type NameDictionary } from "../../../collector/history/name-dictionary.ts";
import { createSeenSeries } from "../../../collector/history/seen-series.ts";
import { createWaitingFrames, type WaitingFrame } from "../../../collector/history/waiting-frame.ts";
import type { ReceivedFrame } from "../../../shared/frame.ts";
import { FactSchema } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { receivedFrame, testFrame } from "../ingest/test-frames.ts";

const emptyDictionary = (): NameDictionary => createNameDictionary({ series: [], probes: [] });
const pack = (frames: readonly WaitingFrame[], dictionary: NameDictionary) =>
  packFrames(frames, { dictionary, seenSeries: createSeenSeries(), factChanges: createFactChanges() });

function madeFrame(sequence: number): ReceivedFrame {
  const samples = Array.from({ length: sequence % 40 }, (_, i) => ({ key: `m${i}`, value: sequence / 7 }));
  const facts = [create(FactSchema, { key: "status", body: { case: undefined } })];
  const isTelling = sequence % 3 === 0;
  const frame = testFrame(BigInt(sequence), {
    samples,
    keyframe: sequence % 5 === 0,
    facts: isTelling ? facts : [],
    events: [],
  });
  return receivedFrame(BigInt(sequence), { frame });
}

/** More than one slab takes. */
const frames = Array.from({ length: 2500 }, (_, i) => madeFrame(i + 1));

describe("collector/history/waiting-frame", () => {
  it("is stored as the frame that it was received as", () => {
    const waitingFrames = createWaitingFrames();
    const dictionary = emptyDictionary();
    const waiting = frames.map((frame) => waitingFrames.encode(frame, dictionary));
    expect(pack(waiting, dictionary)).toEqual(pack(frames, emptyDictionary()));
    expect(unpackFrames(pack(waiting, dictionary).batch, dictionary).frames).toEqual(frames);
  });

  it("is stored under the numbers of the file that is open by then", () => {
    const waitingFrames = createWaitingFrames();
    const former = emptyDictionary();
    former.series("of another file");
    const waiting = frames.slice(0, 100).map((frame) => waitingFrames.encode(frame, former));
    const dictionary = emptyDictionary();
    const packed = pack(waiting, dictionary);
    expect(packed).toEqual(pack(frames.slice(0, 100), emptyDictionary()));
    expect(unpackFrames(packed.batch, dictionary).frames).toEqual(frames.slice(0, 100));
  });

  it("keeps what it has to tell, and no object of samples and probe runs", () => {
    const waitingFrames = createWaitingFrames();
    const [plain, telling] = [1, 3].map((sequence) =>
      waitingFrames.encode(madeFrame(sequence), emptyDictionary()),
    );
    expect(plain?.told).toBeUndefined();
    expect(Object.keys(telling?.told?.frame ?? {})).toEqual([
      "sequence",
      "keyframe",
      "capturedAtMs",
      "clockOffset",
      "facts",
      "events",
    ]);
  });
});

/** Run as a child: appends half a minute of frames at a time, packs what is due, and prints each sequence once it is durable. */
import { writeSync } from "node:fs";
import { createCompactor } from "../../../collector/history/compactor.ts";
import { openDatabase } from "../../../collector/history/database.ts";
import { createFactChanges } from "../../../collector/history/fact-changes.ts";
import { packFrames } from "../../../collector/history/frame-batch.ts";
import { createNameDictionary } from "../../../collector/history/name-dictionary.ts";
import { createSeenSeries } from "../../../collector/history/seen-series.ts";
import { createWriter } from "../../../collector/history/writer.ts";
import { receivedFrame, testFrame } from "../ingest/test-frames.ts";

/** The hour is not over then: nothing becomes a block. */
const LAST = 3570;

const [path = "", instanceId = "", startMs = ""] = process.argv.slice(2);
const { db } = openDatabase({ path, nowMs: 0, isKnownDamaged: false });
const writer = createWriter(db);
const compactor = createCompactor(db);
const dictionary = createNameDictionary(writer.names());
const context = { dictionary, seenSeries: createSeenSeries(), factChanges: createFactChanges() };
for (let first = 1; first < LAST; first += 30) {
  const atMs = (second: number): number => Number(startMs) + second * 1000;
  const frames = Array.from({ length: 30 }, (_, i) => {
    const [sequence, receivedAtMs] = [BigInt(first + i), atMs(first + i)];
    const frame = testFrame(sequence, { capturedAtMs: receivedAtMs, clockOffset: undefined });
    return receivedFrame(sequence, { instanceId, receivedAtMs, frame });
  });
  const packed = packFrames(frames, context);
  const names = dictionary.unconfirmed();
  writer.append({ ...packed, names });
  dictionary.confirm(names);
  writeSync(1, `${first + 29}\n`);
  const request = { nowMs: atMs(first + 30), framesBeforeMs: 0, aroundMs: 0, isShort: false, mayPack: true };
  for (let work = compactor.plan(request); work !== undefined; work = compactor.plan(request)) {
    writer.store(work);
  }
}
setInterval(() => undefined, 1000);

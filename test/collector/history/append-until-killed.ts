/** Run as a child: appends frames to the history named on the command line and prints each sequence once it is durable. */
import { writeSync } from "node:fs";
import { createHistory } from "../../../collector/history/history.ts";
import { systemClock } from "../../../shared/clock.ts";
import { createTestLog, receivedFrame } from "../ingest/test-frames.ts";

const [path = "", instanceId = ""] = process.argv.slice(2);
const history = createHistory({ path, rawMs: 1e13, maxBytes: 1e9, clock: systemClock, log: createTestLog() });
await history.start();
for (let first = 1; ; first += 7) {
  const sequences = Array.from({ length: 7 }, (_, i) => BigInt(first + i));
  await history.append(sequences.map((sequence) => receivedFrame(sequence, { instanceId })));
  writeSync(1, `${first + 6}\n`);
}

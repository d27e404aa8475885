/** About how much memory a frame holds, so that a queue can be bounded by bytes without encoding anything. */
import type { Frame } from "../../shared/frame.ts";

// Measured on the heap of Node 24, rounded up. Names of series and probes are shared between frames.
const FRAME_BYTES = 320;
const SAMPLE_BYTES = 48;
const RUN_BYTES = 112;
const FACT_BYTES = 1024;
const EVENT_BYTES = 512;

export function estimateFrameBytes(frame: Frame): number {
  let texts = 0;
  for (const run of frame.probeRuns) {
    texts += run.errorText.length * 2;
  }
  return (
    FRAME_BYTES +
    frame.samples.length * SAMPLE_BYTES +
    frame.probeRuns.length * RUN_BYTES +
    frame.facts.length * FACT_BYTES +
    frame.events.length * EVENT_BYTES +
    texts
  );
}

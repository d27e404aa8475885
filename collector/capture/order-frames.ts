/**
 * When the collector knew of what a frame holds. A frame that came as it was captured counts from its receipt, which is
 * the collector's own clock; one that the agent had kept counts from its capture, so that a replay knows more than the
 * collector did then, never less.
 */
import type { ReceivedFrame } from "../../shared/frame.ts";

export interface TimedFrame {
  readonly atMs: number;
  readonly received: ReceivedFrame;
}

/** A frame that came this much after its capture had been kept. */
const KEPT_MS = 10_000;

/** Oldest first; the same for the same frames, in whatever order they come. */
export function orderFrames(frames: readonly ReceivedFrame[]): readonly TimedFrame[] {
  const offsets = findOffsets(frames);
  return frames
    .map((received): TimedFrame => {
      const { frame, receivedAtMs, agent } = received;
      const offsetMs =
        frame.clockOffset === undefined ? (offsets.get(agent.node) ?? 0) : frame.clockOffset.offsetUs / 1000;
      const capturedMs = Math.round(frame.capturedAtMs - offsetMs);
      return receivedAtMs - capturedMs > KEPT_MS
        ? { atMs: capturedMs, received: { ...received, receivedAtMs: capturedMs } }
        : { atMs: receivedAtMs, received };
    })
    .toSorted(
      (one, other) =>
        one.atMs - other.atMs ||
        compare(one.received.agent.node, other.received.agent.node) ||
        Number(one.received.frame.sequence - other.received.frame.sequence),
    );
}

/** By node: its first measurement, else the largest lead of a capture over its receipt, as live. */
function findOffsets(frames: readonly ReceivedFrame[]): ReadonlyMap<string, number> {
  const measured = new Map<string, number>();
  const leads = new Map<string, number>();
  for (const { agent, frame, receivedAtMs } of frames) {
    if (frame.clockOffset !== undefined && !measured.has(agent.node)) {
      measured.set(agent.node, frame.clockOffset.offsetUs / 1000);
    }
    leads.set(agent.node, Math.max(leads.get(agent.node) ?? -Infinity, frame.capturedAtMs - receivedAtMs));
  }
  return new Map([...leads, ...measured]);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Which frames are worth a look at once, live and when they are replayed. */
import type { Frame } from "../shared/frame.ts";
import { Outcome } from "../shared/gen/etcdscope/v1/stream_pb.js";
import type { NodeState } from "./view/node-state.ts";

/** News is evaluated after this: the frames of one event come from several agents within a few milliseconds. */
export const NEWS_AFTER_MS = 25;
/** Without news each cluster is looked at this often: silence is news that nobody sends. */
export const LOOK_EVERY_MS = 1000;

/**
 * Something changed on the node, by its state before and after the frame; what merely goes on is looked at once a second, also where
 * a keyframe says it again.
 */
export function isNews(before: NodeState | undefined, after: NodeState | undefined, frame: Frame): boolean {
  return (
    before?.facts !== after?.facts ||
    frame.events.length > 0 ||
    frame.probeRuns.some(({ outcome }) => outcome !== Outcome.OK && outcome !== Outcome.SKIPPED)
  );
}

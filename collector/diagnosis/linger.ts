/**
 * A cause that is over stays told for as long as what it brought about is: links and leaders come back later than the
 * member whose end broke them, and must not look like a fault of their own meanwhile.
 */
import type { Attribution } from "./causes.ts";
import { isLaterStage, isSuperseded } from "./causes.ts";
import type { Track, Tracked } from "./track.ts";
import { trackKey } from "./track.ts";

/** An effect that is left by then has another reason: healing a cut takes TCP 6 to 13 s. */
const LINGER_MS = 30_000;

export type Attributions = ReadonlyMap<string, Attribution>;

export interface Lingered {
  readonly tracked: Tracked;
  /** Asked for where it is told; a look that only carries on does without. */
  readonly attribute: () => Attributions;
}

/** The tracks with those of the resolved ones put back that still explain an active one. */
export function linger(
  tracked: Tracked,
  nowMs: number,
  attribute: (active: readonly Track[]) => Attributions,
): Lingered {
  const over = tracked.resolved.filter(
    (one) =>
      one.okSinceMs !== undefined && nowMs - one.okSinceMs < LINGER_MS && !isSuperseded(one, tracked.active),
  );
  if (over.length === 0 || tracked.active.length === 0) {
    return { tracked, attribute: () => attribute(tracked.active) };
  }
  const all = new Map([...tracked.active, ...over].map((one) => [one.id, one]));
  const needed = findNeeded(tracked.active, all, attribute([...all.values()]));
  const kept = over.filter(({ id }) => needed.has(id));
  const active = [...tracked.active, ...kept];
  const tracks = new Map(tracked.tracks);
  kept.forEach((one) => tracks.set(trackKey(one.code, one.subject), one));
  const resolved = tracked.resolved.filter((one) => !kept.includes(one));
  return { tracked: { tracks, active, resolved }, attribute: () => attribute(active) };
}

/** Ids of all that explains one of these, directly or over others; a later stage explains, but is over when it is over. */
function findNeeded(
  effects: readonly Track[],
  all: ReadonlyMap<string, Track>,
  attributions: Attributions,
): ReadonlySet<string> {
  const needed = new Set<string>();
  const open = [...effects];
  for (let effect = open.pop(); effect !== undefined; effect = open.pop()) {
    for (const id of attributions.get(effect.id)?.causedBy ?? []) {
      const cause = all.get(id);
      if (cause !== undefined && !needed.has(id) && !isLaterStage(effect.code, cause.code)) {
        needed.add(id);
        open.push(cause);
      }
    }
  }
  return needed;
}

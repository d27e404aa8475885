/**
 * A cause that is over stays told for as long as what it brought about is: links and leaders come back later than the
 * member whose end broke them, and must not look like a fault of their own meanwhile. When it goes, what is not seen any more by
 * then goes with it, however long that would be waited for by itself; what is critical only when it was seen to be well.
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
  const ended = tracked.resolved.filter(
    (one) => one.okSinceMs !== undefined && !isSuperseded(one, tracked.active),
  );
  if (ended.length === 0 || tracked.active.length === 0) {
    return { tracked, attribute: () => attribute(tracked.active) };
  }
  const all = new Map([...tracked.active, ...ended].map((one) => [one.id, one]));
  const attributions = attribute([...all.values()]);
  const over = ended.filter(({ okSinceMs = nowMs }) => nowMs - okSinceMs < LINGER_MS);
  const aftermath = findAftermath(
    tracked.active.filter(
      ({ lastBadMs, okSinceMs, outcome }) =>
        lastBadMs < nowMs && (okSinceMs !== undefined || outcome.severity !== "critical"),
    ),
    ended.filter((one) => !over.includes(one)),
    attributions,
  );
  const left = tracked.active.filter(({ id }) => !aftermath.has(id));
  const needed = findNeeded(left, all, attributions);
  const kept = over.filter(({ id }) => needed.has(id));
  const active = [...left, ...kept];
  const tracks = new Map(tracked.tracks);
  const gone = tracked.active.filter(({ id }) => aftermath.has(id));
  gone.forEach((one) => tracks.delete(trackKey(one.code, one.subject)));
  kept.forEach((one) => tracks.set(trackKey(one.code, one.subject), one));
  const resolved = [...tracked.resolved.filter((one) => !kept.includes(one)), ...gone];
  return { tracked: { tracks, active, resolved }, attribute: () => attribute(active) };
}

/** Ids of those that were brought about by nothing but what goes now, directly or over others. */
function findAftermath(
  effects: readonly Track[],
  going: readonly Track[],
  attributions: Attributions,
): ReadonlySet<string> {
  const gone = new Set(going.map(({ id }) => id));
  const found = new Set<string>();
  let before = -1;
  while (found.size > before) {
    before = found.size;
    for (const { id } of effects) {
      const causes = attributions.get(id)?.causedBy ?? [];
      if (causes.length > 0 && causes.every((cause) => gone.has(cause))) {
        gone.add(id);
        found.add(id);
      }
    }
  }
  return found;
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

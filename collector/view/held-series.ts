/** The points that are kept of a node's series, in versions, as columns: an object for each would be most of what a node takes. */
import type { Sample } from "../../shared/frame.ts";
import { createKeyPlaces, type KeyPlaces } from "./key-places.ts";
import { traitsOf } from "./key-traits.ts";
import type { Point } from "./node-state.ts";
import { Versioned } from "./versioned.ts";

/** Of a series that rules look back on: two minutes of the normal cadence, one of the fsync probe. */
export const RING_POINTS = 12;
/**
 * Series of one node. Devices, peers and members come and go, and an agent that starts again may bring a dictionary of other names:
 * then all begins anew.
 */
export const MAX_SERIES = 40_000;

interface Columns {
  readonly places: KeyPlaces;
  /** Of each place its first point; one more than there are, for where the next would start. Shared as the places are. */
  readonly starts: number[];
  /** Time and value of each point. */
  points: Float64Array;
  /** Points that were ever added, by place. */
  counts: Uint32Array;
}

export class HeldSeries extends Versioned<Columns> {
  constructor(columns = createColumns()) {
    super(columns);
  }

  has(key: string): boolean {
    return this.last(key) !== undefined;
  }

  /** The newest point. */
  last(key: string): Point | undefined {
    const columns = this.read();
    const place = columns.places.find(key);
    const count = place === undefined ? 0 : (columns.counts[place] ?? 0);
    if (place === undefined || count === 0) {
      return undefined;
    }
    const at = findSlot(columns, place, count - 1);
    return { atMs: columns.points[at] ?? 0, value: columns.points[at + 1] ?? 0 };
  }

  /** Every kept point not older than that, oldest first. */
  list(key: string, sinceMs: number): readonly Point[] {
    const columns = this.read();
    const place = columns.places.find(key);
    const listed: Point[] = [];
    if (place === undefined) {
      return listed;
    }
    const count = columns.counts[place] ?? 0;
    for (let i = Math.max(0, count - roomOf(columns, place)); i < count; i += 1) {
      const at = findSlot(columns, place, i);
      const atMs = columns.points[at] ?? 0;
      if (atMs >= sinceMs) {
        listed.push({ atMs, value: columns.points[at + 1] ?? 0 });
      }
    }
    return listed;
  }

  /** These series with one more point for each sample. */
  add(samples: readonly Sample[], atMs: number): HeldSeries {
    const isFull = this.read().places.size() + samples.length > MAX_SERIES;
    const columns = isFull ? createColumns() : this.handOn();
    addPoints(columns, samples, atMs);
    return new HeldSeries(columns);
  }

  /** The same, so much later. */
  move(byMs: number): HeldSeries {
    const columns = this.handOn();
    for (let at = 0; at < columns.points.length; at += 2) {
      columns.points[at] = (columns.points[at] ?? 0) + byMs;
    }
    return new HeldSeries(columns);
  }

  protected copy({ places, starts, points, counts }: Columns): Columns {
    return { places, starts, points: points.slice(), counts: counts.slice() };
  }
}

function createColumns(): Columns {
  return {
    places: createKeyPlaces(),
    starts: [0],
    points: new Float64Array(0),
    counts: new Uint32Array(0),
  };
}

function roomOf({ starts }: Columns, place: number): number {
  return (starts[place + 1] ?? 0) - (starts[place] ?? 0);
}

/** Where the point of that number is, or would be. */
function findSlot(columns: Columns, place: number, number: number): number {
  return 2 * ((columns.starts[place] ?? 0) + (number % roomOf(columns, place)));
}

function addPoints(columns: Columns, samples: readonly Sample[], atMs: number): void {
  for (const { key } of samples) {
    claimPlace(columns, key);
  }
  widen(columns);
  const { places, points, counts } = columns;
  for (const { key, value } of samples) {
    const place = places.claim(key);
    const count = counts[place] ?? 0;
    const at = findSlot(columns, place, count);
    points[at] = atMs;
    points[at + 1] = value;
    counts[place] = count + 1;
  }
}

function claimPlace({ places, starts }: Columns, key: string): number {
  const place = places.claim(key);
  if (starts.length < place + 2) {
    starts.push((starts[place] ?? 0) + (traitsOf(key).isLookedBackOn ? RING_POINTS : 1));
  }
  return place;
}

/** Room for every place that there is. Another version may have brought some of them. */
function widen(columns: Columns): void {
  const { places, starts } = columns;
  const size = places.size();
  if (columns.counts.length < size) {
    const [counts, points] = [new Uint32Array(size), new Float64Array(2 * (starts[size] ?? 0))];
    counts.set(columns.counts);
    points.set(columns.points);
    columns.counts = counts;
    columns.points = points;
  }
}

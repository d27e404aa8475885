import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HeldSeries, MAX_SERIES, RING_POINTS } from "../../../collector/view/held-series.ts";
import type { Point } from "../../../collector/view/node-state.ts";

const RING = "etcd_status_raft_index";
const KEYS = [...Array(20).keys()].flatMap((i) => [`${RING}{member="${i}"}`, `other{member="${i}"}`]);

type Model = ReadonlyMap<string, readonly Point[]>;

/** What it should be: a plain map of lists, copied each time. */
function addPlainly(before: Model, samples: readonly (readonly [string, number])[], atMs: number): Model {
  const after = new Map(before);
  for (const [key, value] of samples) {
    const room = key.startsWith(RING) ? RING_POINTS : 1;
    after.set(key, [...(after.get(key) ?? []), { atMs, value }].slice(-room));
  }
  return after;
}

function expectSame(series: HeldSeries, model: Model, sinceMs: number): void {
  for (const key of KEYS) {
    const points = model.get(key) ?? [];
    expect(series.has(key)).toBe(points.length > 0);
    expect(series.last(key)).toEqual(points.at(-1));
    expect(series.list(key, sinceMs)).toEqual(points.filter(({ atMs }) => atMs >= sinceMs));
  }
}

/** Each step adds to one of the versions so far: mostly the newest, sometimes an earlier one. */
const steps = fc.array(
  fc.record({
    back: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(30) }),
    samples: fc.array(fc.tuple(fc.constantFrom(...KEYS), fc.double({ noNaN: true })), { maxLength: 25 }),
    isAsked: fc.boolean(),
  }),
  { maxLength: 40 },
);

describe("collector/view/held-series", () => {
  it("holds in every version that is kept what plain lists would hold, from whichever version it was made", () => {
    fc.assert(
      fc.property(steps, fc.nat(40), (taken, sinceMs) => {
        const versions: (readonly [HeldSeries, Model])[] = [[new HeldSeries(), new Map()]];
        versions[0]?.[0].keep();
        taken.forEach(({ back, samples, isAsked }, atMs) => {
          const [series, model] = versions[Math.max(0, versions.length - 1 - back)] ?? [];
          if (series !== undefined && model !== undefined) {
            const next = series.add(
              samples.map(([key, value]) => ({ key, value })),
              atMs,
            );
            const expected = addPlainly(model, samples, atMs);
            next.keep();
            versions.push([next, expected]);
            if (isAsked) {
              expectSame(series, model, sinceMs);
              expectSame(next, expected, sinceMs);
            }
          }
        });
        versions.forEach(([series, model]) => expectSame(series, model, sinceMs));
      }),
      { numRuns: 100 },
    );
  });

  it("goes on as plain lists would when nothing is kept, and says so when an earlier version is read", () => {
    let series = new HeldSeries();
    let model: Model = new Map();
    for (let atMs = 1; atMs < 200; atMs += 1) {
      const samples = KEYS.slice(atMs % 7, 20).map((key) => [key, atMs] as const);
      const before = series;
      series = before.add(
        samples.map(([key, value]) => ({ key, value })),
        atMs,
      );
      model = addPlainly(model, samples, atMs);
      expect(() => before.last(RING)).toThrow("Expected a version that is the newest, or was kept");
    }
    expectSame(series, model, 0);
  });

  it("moves every point when the clock was set, and leaves the version before alone", () => {
    const before = new HeldSeries().add([{ key: RING, value: 1 }], 1000).add([{ key: RING, value: 2 }], 2000);
    before.keep();
    const after = before.move(500);
    expect(after.list(RING, 0)).toEqual([
      { atMs: 1500, value: 1 },
      { atMs: 2500, value: 2 },
    ]);
    expect(before.last(RING)).toEqual({ atMs: 2000, value: 2 });
  });

  it("begins anew when a node has brought more names than it may have", () => {
    const before = new HeldSeries().add([{ key: "kept", value: 1 }], 1);
    before.keep();
    const many = [...Array(MAX_SERIES).keys()].map((i) => ({ key: `series_${i}`, value: i }));
    const after = before.add(many.slice(0, -1), 2).add(many.slice(-2), 3);
    expect([after.has("kept"), after.has("series_0"), after.last(`series_${MAX_SERIES - 1}`)?.value]).toEqual(
      [false, false, MAX_SERIES - 1],
    );
    expect(before.last("kept")).toEqual({ atMs: 1, value: 1 });
  });
});

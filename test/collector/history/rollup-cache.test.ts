import { describe, expect, it } from "vitest";
import { createRollupCache, type RollupRow } from "../../../collector/history/rollup-cache.ts";
import { packRollups, rollUp } from "../../../collector/history/rollup.ts";

const WIDTH_MS = 1000;

/** A row of these series, of so many steps; the values tell row and series apart. */
function pack(row: number, series: readonly number[], steps: number): Uint8Array {
  const times = Float64Array.from({ length: steps }, (_, i) => i * WIDTH_MS);
  const columns = series.map((id) => {
    const values = times.map((_, i) => row * 10_000 + id * 100 + i);
    return [id, rollUp(times, values, WIDTH_MS)!] as const;
  });
  return packRollups(new Map(columns));
}

function createRows(rows: ReadonlyMap<number, Uint8Array>, maxNumbers?: number) {
  const loads: number[] = [];
  const cache = createRollupCache((id) => {
    loads.push(id);
    return rows.get(id);
  }, maxNumbers);
  return {
    loads,
    read: (id: number, wanted: readonly number[], change: Partial<RollupRow> = {}): readonly string[] => {
      const found: string[] = [];
      const bytes = rows.get(id)?.length ?? 0;
      cache.read({ id, from_ms: 0, to_ms: 9, bytes, ...change }, new Set(wanted), (series, columns) =>
        found.push(`${series}: ${columns.min[0]} to ${columns.max.at(-1)}`),
      );
      return found;
    },
  };
}

describe("collector/history/rollup-cache", () => {
  it("reads a row once for each series, and once for one that it does not have", () => {
    const { read, loads } = createRows(new Map([[1, pack(1, [3, 4], 5)]]));
    const first = read(1, [3, 9]);
    expect(first).toEqual(["3: 10300 to 10304"]);
    expect(read(1, [3, 9])).toEqual(first);
    expect(loads).toEqual([1]);
    expect(read(1, [3, 4])).toEqual([...first, "4: 10400 to 10404"]);
    expect(loads).toEqual([1, 1]);
  });

  it("takes a row that has the number of one that is gone for another one", () => {
    const rows = new Map([[1, pack(1, [3], 5)]]);
    const { read } = createRows(rows);
    read(1, [3]);
    rows.set(1, pack(2, [3], 5));
    expect(read(1, [3], { to_ms: 10 })).toEqual(["3: 20300 to 20304"]);
  });

  it("forgets what was not used for longest when it holds enough", () => {
    const rows = new Map([1, 2, 3].map((id) => [id, pack(id, [3], 100)]));
    const { read, loads } = createRows(rows, 1500);
    [1, 2, 1, 3, 1, 2].forEach((id) => read(id, [3]));
    expect(loads).toEqual([1, 2, 3, 2]);
  });
});

import { describe, expect, it } from "vitest";
import { listTcpLooks, measureTcpGrowth } from "../../../collector/diagnosis/tcp-looks.ts";
import { HeldSeries } from "../../../collector/view/held-series.ts";
import type { NodeState } from "../../../collector/view/node-state.ts";

interface Look {
  readonly s: number;
  readonly sent: number;
  readonly again: number;
  readonly holes?: number;
}

function stateOf(looks: readonly Look[]): NodeState {
  let series = new HeldSeries();
  for (const { s, sent, again, holes } of looks) {
    const samples = [
      { key: "node_netstat_Tcp_OutSegs", value: sent },
      { key: "node_netstat_Tcp_RetransSegs", value: again },
      ...(holes === undefined ? [] : [{ key: "etcdscope_tcp_holes_total", value: holes }]),
    ];
    series = series.add(samples, s * 1000);
  }
  return { series } as unknown as NodeState;
}

function grow(looks: readonly Look[], overMs = 6000): unknown {
  return measureTcpGrowth(listTcpLooks(stateOf(looks), 0), overMs);
}

/** As an agent looks: every ten seconds, and every three while much is sent again. */
const LOOKS = [
  { s: 10, sent: 0, again: 0, holes: 0 },
  { s: 20, sent: 1000, again: 1, holes: 1 },
  { s: 23, sent: 1300, again: 21, holes: 8 },
  { s: 26, sent: 1600, again: 41, holes: 16 },
  { s: 29, sent: 1900, again: 61, holes: 20 },
];

describe("collector/diagnosis/tcp-looks", () => {
  it("takes the newest looks that are so long apart", () => {
    expect(grow(LOOKS)).toEqual({
      sent: 600,
      again: 40,
      proven: 12,
      leastProven: 4,
      fromMs: 23_000,
      atMs: 29_000,
    });
    expect(grow(LOOKS, 19_000)).toMatchObject({ sent: 1900, again: 61, proven: 20, fromMs: 10_000 });
  });

  it("takes three where they are farther apart", () => {
    expect(grow(LOOKS.slice(0, 3))).toMatchObject({ fromMs: 10_000, proven: 8, leastProven: 1 });
  });

  it("has no proof of two looks, nor where holes are not told", () => {
    expect(grow(LOOKS.slice(0, 2))).toMatchObject({ again: 1, proven: undefined });
    expect(grow(LOOKS.map(({ s, sent, again }) => ({ s, sent, again })))).toMatchObject({
      proven: undefined,
    });
  });

  it("knows nothing of one look, nor across a counter that began anew", () => {
    expect(grow([])).toBeUndefined();
    expect(grow(LOOKS.slice(0, 1))).toBeUndefined();
    expect(grow([...LOOKS, { s: 32, sent: 10, again: 0, holes: 0 }])).toBeUndefined();
  });
});

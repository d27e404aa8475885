/** When nodes were last heard before a moment, wherever their frames are by then. */
import { afterEach, describe, expect, it } from "vitest";
import { createHistory, type History } from "../../../collector/history/history.ts";
import { systemClock } from "../../../shared/clock.ts";
import { placeMs } from "../../../shared/frame-place.ts";
import { createTestLog } from "../ingest/test-frames.ts";
import { copyFixture, FIXTURE, type FixtureCopy } from "./v1-fixture.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

let fixture: FixtureCopy | undefined;
let history: History | undefined;

afterEach(async () => {
  await history?.close();
  fixture?.remove();
});

async function open(version: 1 | 4 | 5): Promise<History> {
  fixture = copyFixture(version);
  history = createHistory({
    path: fixture.path,
    rawMs: 1e13,
    maxBytes: 1e9,
    clock: systemClock,
    log: createTestLog(),
  });
  await history.start();
  return history;
}

describe("collector/history/history: factsAt", { timeout: 60_000 }, () => {
  it.each([1, 4, 5] as const)(
    "knows the newest frame of each node before any moment, in a file of fixture %i",
    async (version) => {
      const opened = await open(version);
      const frames = await opened.frames("lab", 0, 2e12);
      const places = frames.map(({ frame }) => placeMs(frame));
      const [firstMs, lastMs] = [Math.min(...places), Math.max(...places)];
      for (const share of [0.1, 0.37, 0.5, 0.83, 1]) {
        const atMs = Math.round(firstMs + share * (lastMs - firstMs)) + (share === 1 ? HOUR_MS : 0);
        const nodes = await opened.factsAt({ cluster: "lab", atMs });
        expect(nodes.map(({ node }) => node)).toEqual(FIXTURE.nodes.toSorted());
        for (const { node, last, lastHeardMs } of nodes) {
          const before = frames.filter(({ agent, frame }) => agent.node === node && placeMs(frame) < atMs);
          expect(lastHeardMs, `${node} ${share}`).toBe(
            Math.max(...before.map(({ frame }) => placeMs(frame))),
          );
          expect(before).toContainEqual(last);
          // Only who was silent from then on is told, and who was not heard at that very moment.
          for (const [silentSinceMs, isTold] of [
            [lastHeardMs, false],
            [lastHeardMs + 1, true],
          ] as const) {
            const silent = await opened.factsAt({ cluster: "lab", atMs, silentSinceMs });
            expect(silent.some((one) => one.node === node)).toBe(isTold);
          }
        }
      }
    },
  );

  it("knows it where only roll-ups are left, and tells that there is no frame", async () => {
    const opened = await open(5);
    const frames = await opened.frames("lab", 0, 2e12);
    const firstMs = Math.min(...frames.map(({ frame }) => placeMs(frame)));
    const nodes = await opened.factsAt({ cluster: "lab", atMs: firstMs - DAY_MS / 2 });
    expect(nodes.length).toBeGreaterThan(0);
    for (const { last, lastHeardMs } of nodes) {
      expect(last).toBeUndefined();
      expect(lastHeardMs).toBeLessThan(firstMs - DAY_MS / 2);
      expect(lastHeardMs).toBeGreaterThan(firstMs - 2 * DAY_MS);
    }
  });

  it("knows nothing of a node before its first frame", async () => {
    const opened = await open(4);
    const frames = await opened.frames("lab", 0, 2e12);
    expect(
      await opened.factsAt({ cluster: "lab", atMs: Math.min(...frames.map(({ frame }) => placeMs(frame))) }),
    ).toEqual([]);
  });
});

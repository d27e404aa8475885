import { describe, expect, it } from "vitest";
import type { JournalPart, JournalPlace } from "../../../agent/host/journal-reader.ts";
import { FollowedJournal } from "../../../agent/probe/followed-journal.ts";
import { createManualClock } from "../manual-clock.ts";
import { discoveredEtcd, probeContext } from "./probe-context.ts";

const NOW_MS = Date.UTC(2026, 10, 24, 16);
const MINUTE_MS = 60_000;

function entry(cursor: number, atMs: number, message = "x"): string {
  return `{"__CURSOR":"s=1;i=${cursor}","__REALTIME_TIMESTAMP":"${atMs}000","MESSAGE":"${message}"}\n`;
}

/** A part as long as one can be. */
function full(cursor: number, atMs: number): string {
  return entry(cursor, atMs, "y".repeat(512 * 1024));
}

/** Follows a journal that gives these parts, one a look; `isNew` parts come from a journalctl that was started anew. */
function follow(
  parts: readonly { readonly text: string; readonly isNew?: boolean }[],
  isRunning = true,
): { places: JournalPlace[]; closed: () => number; look: () => ReturnType<FollowedJournal["look"]> } {
  const places: JournalPlace[] = [];
  let closes = 0;
  const context = probeContext({
    clock: createManualClock(NOW_MS),
    ...(isRunning ? { discovered: discoveredEtcd({}) } : {}),
    host: {
      readJournal: (place): Promise<JournalPart> => {
        const { text = "", isNew = false } = parts[places.length] ?? {};
        places.push(place);
        return Promise.resolve({ bytes: Buffer.from(text), isNew });
      },
      closeJournal: () => {
        closes += 1;
      },
    },
  });
  const journal = new FollowedJournal("etcd.service", {
    cursor: undefined,
    sinceMs: NOW_MS - 15 * MINUTE_MS,
  });
  return { places, closed: () => closes, look: async () => await journal.look(context) };
}

describe("agent/probe/followed-journal", () => {
  it("waits for journalctl to open its files, and keeps the cursor of the last entry that is whole", async () => {
    const { look } = follow([
      { text: "", isNew: true },
      { text: entry(1, NOW_MS) + entry(2, NOW_MS).slice(0, 30), isNew: true },
      { text: entry(2, NOW_MS).slice(30) },
    ]);
    expect(await look()).toEqual({ parts: [], skippedBytes: 0, position: undefined, hasMore: true });
    const second = await look();
    expect(second.position).toMatchObject({ cursor: "s=1;i=1" });
    expect(second.parts.map(({ isBoundary }) => isBoundary)).toEqual([true]);
    const third = await look();
    expect(third.position).toMatchObject({ cursor: "s=1;i=2" });
    expect([third.parts.map(({ isBoundary }) => isBoundary), third.hasMore]).toEqual([[false], false]);
  });

  it("forgets half an entry when another journalctl goes on", async () => {
    const { look } = follow([
      { text: entry(1, NOW_MS) + entry(2, NOW_MS).slice(0, 40), isNew: true },
      { text: entry(3, NOW_MS), isNew: true },
    ]);
    await look();
    expect((await look()).position).toMatchObject({ cursor: "s=1;i=3" });
  });

  it("asks for the last entries of an etcd that does not run, however old, once", async () => {
    const { look, places } = follow([{ text: entry(1, NOW_MS), isNew: true }], false);
    await look();
    await look();
    expect(places.map(({ lines, cursor }) => [lines, cursor])).toEqual([
      [500, undefined],
      [undefined, "s=1;i=1"],
    ]);
  });

  it("reads what was said before it came, as far as 8 MiB, then the newest", async () => {
    const old = NOW_MS - 10 * MINUTE_MS;
    const parts = Array.from({ length: 20 }, (_, index) => ({ text: full(index, old), isNew: index === 0 }));
    const { look, places, closed } = follow(parts);
    const skipped: number[] = [];
    for (let count = 0; count < 17; count += 1) {
      skipped.push((await look()).skippedBytes);
    }
    expect(skipped.slice(0, 15)).toEqual(Array.from({ length: 15 }, () => 0));
    expect([skipped[15], closed()]).toEqual([512 * 1024, 2]);
    expect(places[16]).toMatchObject({ cursor: undefined, sinceMs: NOW_MS - 5000 });
  });

  it("jumps over a flood once it has caught up, and not over what is new", async () => {
    const { look } = follow([
      { text: entry(1, NOW_MS), isNew: true },
      { text: full(2, NOW_MS - 1000) },
      { text: full(3, NOW_MS - 2 * MINUTE_MS) },
    ]);
    await look();
    expect(await look()).toMatchObject({ skippedBytes: 0, hasMore: true });
    expect(await look()).toMatchObject({ skippedBytes: 512 * 1024, hasMore: true });
  });
});

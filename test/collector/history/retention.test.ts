import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDatabase, type Db } from "../../../collector/history/database.ts";
import { createRetention, type Retention } from "../../../collector/history/retention.ts";
import { MINUTE_MS } from "../../../collector/history/rollup.ts";
import { copyFixture, type FixtureCopy } from "./v1-fixture.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let fixture: FixtureCopy;
let db: Db;
let retention: Retention;
let lastMs: number;

beforeEach(() => {
  fixture = copyFixture(5);
  ({ db } = openDatabase({ path: fixture.path, nowMs: 0, isKnownDamaged: false }));
  retention = createRetention(db);
  lastMs = number("SELECT max(captured_ms) FROM frame");
});

afterEach(() => {
  db.close();
  fixture.remove();
});

function number(sql: string): number {
  return Number(db.prepare(sql).pluck().get());
}

function retain(beforeMs: number, mayLose = false): void {
  for (let step = 0, hasMore = true; hasMore && step < 100; step += 1) {
    ({ hasMore } = retention.retain({ beforeMs, maxBytes: mayLose ? 0 : 1e9, mayLose }));
  }
}

/** Roll-ups of a minute, by the day before the last in which they are. */
function minutesByDay(): readonly number[] {
  return [2, 1].map((days) =>
    number(
      `SELECT count(*) FROM rollup WHERE width_ms = ${MINUTE_MS} AND to_ms <= ${lastMs - days * DAY + HOUR}
       AND to_ms > ${lastMs - days * DAY - HOUR}`,
    ),
  );
}

describe("collector/history/retention", () => {
  it("removes blocks that are too old with their minutes, and nothing of the next", () => {
    expect(minutesByDay()).toEqual([3, 3]);
    retain(lastMs - DAY - HOUR);
    expect(minutesByDay()).toEqual([0, 3]);
    expect(number("SELECT count(*) FROM block WHERE detail = 1")).toBe(3);
    expect(number(`SELECT count(*) FROM rollup WHERE to_ms < ${lastMs - DAY - HOUR}`)).toBe(0);
  });

  it("tells the minutes of two blocks that begin at the same moment apart", () => {
    db.exec(`INSERT INTO block SELECT 1000, agent, from_ms, to_ms + ${HOUR}, received_to_ms, frames, samples, detail
             FROM block WHERE id = 1;
             INSERT INTO rollup (agent, width_ms, from_ms, to_ms, block, rollups)
             SELECT agent, width_ms, from_ms, to_ms, 1000, rollups FROM rollup WHERE block = 1`);
    retain(number("SELECT to_ms FROM block WHERE id = 1") + 1);
    expect(number("SELECT count(*) FROM rollup WHERE block = 1")).toBe(0);
    expect(number("SELECT count(*) FROM rollup WHERE block = 1000")).toBe(1);
  });

  it("gives minutes up first when it must lose something", () => {
    retention.retain({ beforeMs: 0, maxBytes: 0, mayLose: true });
    expect(number("SELECT count(*) FROM block WHERE detail = 1")).toBe(1);
    expect(number(`SELECT count(*) FROM rollup WHERE width_ms = ${MINUTE_MS}`)).toBe(1);
  });

  it("forgets runs that are not heard any more, but none of which frames wait for their block", () => {
    const waiting = "SELECT count(*) FROM instance WHERE id IN (SELECT instance FROM frame)";
    expect(number("SELECT count(*) FROM instance")).toBe(9);
    const before = number(waiting);
    expect(before).toBeGreaterThan(0);
    retain(lastMs + DAY);
    expect(number(waiting)).toBe(before);
    expect(number("SELECT count(*) FROM instance")).toBe(3);
    db.exec("DELETE FROM frame");
    retain(lastMs + DAY);
    expect(number("SELECT count(*) FROM instance")).toBe(0);
    expect(number("SELECT count(*) FROM held_range")).toBe(0);
  });
});

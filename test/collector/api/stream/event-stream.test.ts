import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createEventHub, MAX_LISTENERS } from "../../../../collector/api/stream/event-hub.ts";
import type { ClusterState, Finding } from "../../../../shared/rest.ts";
import { createManualClock } from "../../../agent/manual-clock.ts";
import { createExampleApi } from "../example-api.ts";
import { AT_RISK, DISK_FULL, HEALTHY, MEMBER_DOWN, NOW_MS } from "../example-source.ts";
import { readEvents, type EventReader } from "./read-events.ts";

const clock = createManualClock(NOW_MS);
const states = new Map<string, ClusterState>();
const events = createEventHub({ clock, stateOf: (cluster) => states.get(cluster) });
const api = createExampleApi({ events });
let url = "";
const open: EventReader[] = [];

beforeAll(async () => {
  await api.app.listen({ host: "127.0.0.1", port: 0 });
  url = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}/api/v1`;
  look(HEALTHY);
  look(AT_RISK);
});
afterEach(() => {
  for (const reader of open.splice(0)) {
    reader.close();
  }
});
afterAll(() => api.app.close());

function look(state: ClusterState, resolved: readonly Finding[] = []): void {
  states.set(state.cluster, state);
  events.observe({ state, resolved, incidents: [] });
}

async function read(path: string, lastEventId?: string): Promise<EventReader> {
  const reader = await readEvents(
    `${url}${path}`,
    lastEventId === undefined ? {} : { "last-event-id": lastEventId },
  );
  open.push(reader);
  return reader;
}

const DISK_ONLY: ClusterState = { ...AT_RISK, findings: [DISK_FULL] };

describe("collector/api/stream", () => {
  it("begins with hello and the whole state, and then sends what changes", async () => {
    const reader = await read("/clusters/prod-a/stream");
    expect(reader.headers.get("content-type")).toContain("text/event-stream");
    expect(reader.headers.get("x-content-type-options")).toBe("nosniff");
    expect((await reader.next("hello")).resumed).toBeNull();
    expect(await reader.next("state")).toEqual(AT_RISK);

    await clock.advance(1000);
    look(DISK_ONLY, [{ ...MEMBER_DOWN, status: "resolved" }]);
    expect(await reader.next("finding")).toMatchObject({
      change: "resolved",
      finding: { code: "MEMBER_DOWN" },
    });
    expect((await reader.next("state")).findings).toEqual([DISK_FULL]);

    await clock.advance(1000);
    look(AT_RISK);
    expect(await reader.next("finding")).toMatchObject({
      change: "raised",
      finding: { code: "MEMBER_DOWN" },
    });
    await clock.advance(1000);
    look({ ...AT_RISK, findings: [MEMBER_DOWN, { ...DISK_FULL, severity: "warning" }] });
    expect(await reader.next("finding")).toMatchObject({ change: "changed", finding: { code: "DISK_FULL" } });
  });

  it("sends no state that nobody would call another one, but one now and then as numbers move", async () => {
    look(AT_RISK);
    const reader = await read("/clusters/prod-a/stream");
    await reader.next("state");
    await clock.advance(1000);
    look(DISK_ONLY);
    await reader.next("state");
    const moved = (at: string): ClusterState => ({ ...DISK_ONLY, at });
    await clock.advance(1000);
    look(moved("quiet"));
    await clock.advance(5000);
    look(moved("refreshed"));
    expect((await reader.next("state")).at).toBe("refreshed");
  });

  it("sends over all clusters the list, and then the lines that change", async () => {
    look(AT_RISK);
    const reader = await read("/stream");
    const { clusters } = await reader.next("clusters");
    expect(clusters.map(({ name, verdict }) => [name, verdict])).toEqual([
      ["prod-b", "healthy"],
      ["prod-a", "at-risk"],
    ]);
    look({ ...AT_RISK, verdict: "no-leader", leader: null });
    expect(await reader.next("cluster")).toMatchObject({
      name: "prod-a",
      verdict: "no-leader",
      leader: null,
    });
    look(AT_RISK);
    expect(await reader.next("cluster")).toMatchObject({ verdict: "at-risk" });
  });

  it("gives a client that comes back what it missed", async () => {
    look(AT_RISK);
    const before = await read("/clusters/prod-a/stream");
    await before.next("state");
    const id = before.lastId() ?? "";
    before.close();
    look(DISK_ONLY, [{ ...MEMBER_DOWN, status: "resolved" }]);
    look(AT_RISK);

    const reader = await read("/clusters/prod-a/stream", id);
    expect((await reader.next("hello")).resumed).toBe(true);
    expect((await reader.next("finding")).change).toBe("resolved");
    expect((await reader.next("finding")).change).toBe("raised");
    expect(await reader.next("state")).toEqual(AT_RISK);
    const again = await read("/clusters/prod-a/stream", reader.lastId());
    await again.next("hello");
    look(DISK_ONLY, [MEMBER_DOWN]);
    expect((await again.next("finding")).change, "nothing comes twice").toBe("resolved");
  });

  it("says when it cannot tell what was missed", async () => {
    for (const id of ["another-1", "zz", `${NOW_MS.toString(36)}-999999`]) {
      const reader = await read("/stream", id);
      expect((await reader.next("hello")).resumed).toBe(false);
    }
    expect((await read("/stream", "x".repeat(65))).status).toBe(400);
  });

  it("sends a heartbeat while nothing happens", async () => {
    const reader = await read("/stream");
    const { heartbeatMs } = await reader.next("hello");
    await clock.advance(heartbeatMs);
    expect(await reader.next("heartbeat")).toHaveProperty("at");
  });

  it("answers HEAD without opening a stream, and an unknown cluster with 404", async () => {
    const { listening } = events.counters();
    const head = await fetch(`${url}/stream`, { method: "HEAD" });
    expect([head.status, head.headers.get("content-type")]).toEqual([
      200,
      "text/event-stream; charset=utf-8",
    ]);
    expect(events.counters().listening).toBeLessThanOrEqual(listening);
    expect((await read("/clusters/nope/stream")).status).toBe(404);
  });

  it("refuses clients past its limit, and lets others in when some have gone", async () => {
    const stops = Array.from({ length: MAX_LISTENERS - events.counters().listening }, () =>
      events.listen({ cluster: undefined, send: () => true, end: () => undefined }),
    );
    const refused = await read("/stream");
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
    for (const stop of stops) {
      stop?.();
    }
    expect((await read("/stream")).status).toBe(200);
  });

  it("counts a client that was cut off, and keeps sending to the others", async () => {
    const reader = await read("/clusters/prod-a/stream");
    await reader.next("state");
    const { listening, droppedTotal } = events.counters();
    events.listen({ cluster: "prod-a", send: () => false, end: () => undefined });
    await clock.advance(1000);
    look(DISK_ONLY);
    expect((await reader.next("state")).findings).toEqual([DISK_FULL]);
    expect(events.counters()).toMatchObject({ listening, droppedTotal: droppedTotal + 1 });
  });

  it("ends every stream when the collector stops", async () => {
    const own = createExampleApi();
    await own.app.listen({ host: "127.0.0.1", port: 0 });
    const { port } = own.app.server.address() as AddressInfo;
    const reader = await readEvents(`http://127.0.0.1:${port}/api/v1/stream`);
    const ended = reader.readToEnd();
    await own.app.close();
    await ended;
  });
});

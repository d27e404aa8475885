import { describe, expect, it } from "vitest";
import { placeLanes } from "../../../collector/console/pages/incident/place-lanes.ts";
import { chooseBars, chooseMarks } from "../../../collector/console/time/marks.ts";
import type { Incident, IncidentSummary, NoteReport, TimelineEntry } from "../../../shared/rest-incident.ts";

const T = Date.parse("2026-11-22T03:00:00.000Z");
const TEXT = { en: "", zh: "" };
const SPAN = { fromMs: T, toMs: T + 60_000 };

function at(seconds: number): string {
  return new Date(T + seconds * 1_000).toISOString();
}

function note(id: string, seconds: number, code = "flags_changed"): NoteReport {
  return {
    id,
    at: at(seconds),
    node: "m1",
    code,
    subject: "m1",
    text: TEXT,
    attributes: {},
    isClockMeasured: true,
  };
}

describe("collector/console/time/marks", () => {
  it("marks a leader change that three nodes saw once, in the order of time", () => {
    const marks = chooseMarks(
      [note("c", 30)],
      [
        note("a", 10, "leader_changed"),
        note("b", 10.4, "leader_changed"),
        note("d", 40, "leader_changed"),
        note("out", 90),
      ],
      SPAN,
    );
    expect(marks.map(({ key, kind }) => `${key} ${kind}`)).toEqual(["a leader", "c change", "d leader"]);
  });

  it("draws an open incident to the end of the window, and leaves out what lies outside", () => {
    const incident = (id: string, from: number, to: number | null): IncidentSummary => ({
      id,
      cluster: "c",
      status: to === null ? "open" : "resolved",
      kind: "fault",
      severity: "critical",
      title: TEXT,
      openedAt: at(from),
      resolvedAt: to === null ? null : at(to),
      durationMs: 0,
      reopened: 0,
      rootCauses: [],
      findingCount: 1,
    });
    const bars = chooseBars(
      [incident("open", 30, null), incident("early", -50, 5), incident("gone", -50, -5)],
      SPAN,
    );
    expect(bars.map(({ id, fromMs, toMs }) => [id, (fromMs - T) / 1_000, (toMs - T) / 1_000])).toEqual([
      ["open", 30, 60],
      ["early", 0, 5],
    ]);
  });
});

describe("collector/console/pages/incident/place-lanes", () => {
  it("gives each node a lane and the cluster the first, from the first entry to the last", () => {
    const entry = (node: string | null, seconds: number): TimelineEntry => ({
      at: at(seconds),
      kind: "event",
      code: "x",
      node,
      severity: "info",
      text: TEXT,
      isClockMeasured: true,
    });
    const incident = {
      openedAt: at(10),
      durationMs: 10_000,
      timeline: [entry("m2", 0), entry("m1", 10), entry(null, 20)],
      findings: [],
    } as unknown as Incident;
    const { lanes, fromMs, toMs } = placeLanes(incident);
    expect([fromMs, toMs]).toEqual([T, T + 20_000]);
    expect(lanes.map(({ node, entries }) => [node, ...entries.map(({ share }) => share)])).toEqual([
      [null, 1],
      ["m1", 0.5],
      ["m2", 0],
    ]);
  });
});

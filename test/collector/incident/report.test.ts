import { describe, expect, it } from "vitest";
import { buildIncident } from "../../../collector/incident/build-incident.ts";
import { listFollowUps } from "../../../collector/incident/follow-ups.ts";
import { escapeMarkdown, renderHtml, renderMarkdown } from "../../../collector/incident/render-report.ts";
import { writeReport } from "../../../collector/incident/write-report.ts";
import type { Incident } from "../../../shared/rest-incident.ts";
import { Play } from "./play.ts";

function incidentOf(play: Play): Incident {
  return buildIncident({
    record: play.only(),
    findings: [...play.findings.values()],
    notes: [...play.notes.values()],
    trends: [],
    nowMs: play.world.nowMs,
    unknown: [],
  });
}

const EVIL =
  "</td><script>alert(1)</script> | [x](javascript:alert(1)) `code` https://evil.example\n# head \u202E";

describe("collector/incident/report", () => {
  it("tells one story in the order of time, from its beginning to its end", () => {
    const incident = incidentOf(
      new Play().run(60).run(20, "kill m1", "elect m2").run(300, "start m1", "elect m2"),
    );
    expect(incident.timeline.map(({ text }) => text.en)).toContain("the incident is over");
    const times = incident.timeline.map(({ at }) => at);
    expect(times).toEqual([...times].sort());
  });

  it("keeps causes of findings that are over", () => {
    const incident = incidentOf(new Play().run(150, "kill m3").run(400, "start m3", "elect m1"));
    expect(incident.rootCauses.map(({ code }) => code)).toEqual(["MEMBER_DOWN"]);
    const risk = incident.findings.find(({ code }) => code === "QUORUM_AT_RISK");
    expect(risk?.rootCause).toBe(false);
    expect(risk?.causedBy).toContain(incident.rootCauses[0]?.id);
  });

  it("corrects the clock of a node that is ahead", () => {
    const play = new Play("skew m3 90000").run(60).run(150, "kill m3");
    const opened = Date.parse(incidentOf(play).openedAt);
    for (const note of play.notes.values()) {
      expect(Math.abs(note.atMs - opened)).toBeLessThan(30_000);
    }
  });

  it("shows what was changed before, flag by flag", () => {
    const play = new Play("flags m3 snapshot-count=100000")
      .run(60)
      .run(60, "flags m3 snapshot-count=5")
      .run(150, "kill m3");
    expect(incidentOf(play).changesBefore.map(({ text }) => text.en)).toContain(
      "--snapshot-count: 100000 → 5",
    );
  });

  it("reads in both languages and lets nothing from a node become markup", () => {
    const incident = incidentOf(new Play().run(150, "kill m3"));
    const evil: Incident = {
      ...incident,
      title: { en: EVIL, zh: EVIL },
      timeline: incident.timeline.map((entry) => ({ ...entry, node: EVIL, text: { en: EVIL, zh: EVIL } })),
      unknown: [{ en: EVIL, zh: EVIL }],
    };
    for (const language of ["en", "zh"] as const) {
      const report = {
        incident: evil,
        generatedAt: "2026-11-22T04:00:00.000Z",
        followUps: listFollowUps(evil),
      };
      const document = writeReport(report, language);
      const html = renderHtml(document);
      expect(html).not.toContain("<script");
      expect(html).not.toContain("\u202E");
      const markdown = renderMarkdown(document);
      expect(markdown).not.toMatch(/<script|[^\\]\]\(javascript|https:\/\/|\n# head/);
      expect(markdown).not.toMatch(/undefined|NaN|\[object/);
    }
    const plain = renderMarkdown(
      writeReport({ incident, generatedAt: "2026-11-22T04:00:00.000Z", followUps: [] }, "zh"),
    );
    expect(plain).toContain("根本原因");
  });

  it("escapes what begins a list or a link", () => {
    expect(escapeMarkdown("- a_b")).toBe(String.raw`\- a_b`);
    expect(escapeMarkdown("_a_ MEMBER_DOWN")).toBe(String.raw`\_a\_ MEMBER_DOWN`);
    expect(escapeMarkdown("1. x")).toBe(String.raw`\1. x`);
  });
});

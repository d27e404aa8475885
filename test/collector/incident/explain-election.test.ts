import { describe, expect, it } from "vitest";
import { explainElection, listElections } from "../../../collector/incident/explain-election.ts";
import type { Note } from "../../../shared/note.ts";
import type { Finding } from "../../../shared/rest.ts";

const AT_MS = Date.parse("2026-11-22T03:12:00.000Z");

function note(change: Partial<Note> & Pick<Note, "code" | "node">): Note {
  return {
    id: `${change.code} ${change.node}`,
    kind: "event",
    subject: "etcd",
    atMs: AT_MS,
    isClockMeasured: true,
    text: { en: "lost m1's peer port: timeout", zh: "无法访问 m1 的 peer 端口" },
    attributes: {},
    ...change,
  };
}

function turn(node: string, from: string, to: string, atMs = AT_MS): Note {
  return note({ code: "leader_changed", node, atMs, attributes: { from, to, term: "7" } });
}

function finding(code: string, name: string): Finding {
  const since = new Date(AT_MS - 2000).toISOString();
  const title = { en: `${code} there`, zh: code };
  return { code, subject: { kind: "member", name }, since, until: null, title } as Finding;
}

const TURNS = [turn("m3", "", "m2", AT_MS + 300), turn("m2", "m1", "m2"), turn("m3", "m1", "", AT_MS - 900)];

function explain(notes: readonly Note[], findings: readonly Finding[] = []): string {
  const [election] = listElections([...TURNS, ...notes]);
  return explainElection(election!, [...TURNS, ...notes], findings).en;
}

describe("collector/incident/explain-election", () => {
  it("makes one election of what several members saw of a term", () => {
    expect(listElections(TURNS)).toEqual([
      { atMs: AT_MS, from: "m1", to: "m2", term: "7", seenBy: ["m2", "m3"], isClockMeasured: true },
    ]);
  });

  it("knows who was lost when every survivor had no leader for a while", () => {
    const [election] = listElections([turn("m3", "m1", "", AT_MS - 900), turn("m3", "", "m2")]);
    expect(election?.from).toBe("m1");
  });

  it("does not believe a member that was away about who led meanwhile", () => {
    const back = note({
      code: "leader_changed",
      node: "m1",
      atMs: AT_MS + 60_000,
      attributes: { from: "m1", to: "m3", term: "8" },
    });
    expect(listElections([...TURNS, back]).map(({ from, to }) => `${from} ${to}`)).toEqual([
      "m1 m2",
      "m2 m3",
    ]);
  });

  it.each([
    ["rebooted", "the machine of m1 rebooted"],
    ["process_stopped", "etcd of m1 was stopped by a signal"],
    ["process_exited", "etcd of m1 exited or was restarted"],
  ])("names the node and the reason after %s", (code, reason) => {
    expect(explain([note({ code, node: "m1" })])).toBe(`m2 took over from m1 in term 7: ${reason}`);
  });

  it("does not blame what happened on another node or long before", () => {
    const text = "no fault of m1 was seen around it";
    expect(explain([note({ code: "process_exited", node: "m3" })])).toContain(text);
    expect(explain([note({ code: "process_exited", node: "m1", atMs: AT_MS - 60_000 })])).toContain(text);
  });

  it("takes a finding of the old leader, then a link to it", () => {
    expect(explain([], [finding("DISK_SLOW", "m1")])).toContain("on m1: DISK_SLOW there");
    const link = note({ code: "link_down", node: "m2", subject: "m1/peer" });
    expect(explain([link])).toContain("m2 lost m1's peer port: timeout");
  });

  it("says what it could not see", () => {
    expect(explain([], [finding("AGENT_SILENT", "m1")])).toContain("the agent of m1 was silent");
    const [first] = listElections([turn("m2", "", "m2")]);
    expect(explainElection(first!, [], []).en).toContain("who led before was not seen");
  });
});

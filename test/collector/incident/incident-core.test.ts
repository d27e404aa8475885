import { describe, expect, it } from "vitest";
import { findOpen } from "../../../collector/incident/incident-core.ts";
import { isRootCause } from "../../../shared/incident-record.ts";
import { totalMs } from "../../../collector/incident/spans.ts";
import { Play } from "./play.ts";

/** Longer than every quiet time and the join window. */
const LONG = 400;

function rootCodes(play: Play): readonly string[] {
  return play
    .only()
    .findings.filter(isRootCause)
    .map(({ code }) => code);
}

describe("collector/incident/incident-core", () => {
  it("opens nothing in a healthy cluster", () => {
    const play = new Play().run(60);
    expect(play.state.incidents).toEqual([]);
    expect(findOpen(play.state)).toBeUndefined();
  });

  it("makes one incident of a dead member and all that follows from it", () => {
    const play = new Play().run(200, "kill m3");
    const incident = play.only();
    expect(incident).toMatchObject({ status: "open", kind: "fault", severity: "critical" });
    expect(rootCodes(play)).toEqual(["MEMBER_DOWN"]);
    expect(incident.findings.length).toBeGreaterThan(2);
    expect(play.kinds()[0]).toBe("opened");
    expect(findOpen(play.state)?.id).toBe(incident.id);
  });

  it("is over when the last finding is, and knows how long the member was away", () => {
    const play = new Play().run(200, "kill m3").run(LONG, "start m3");
    const incident = play.only();
    expect(incident.status).toBe("resolved");
    expect(play.kinds().at(-1)).toBe("resolved");
    expect(play.kinds().filter((kind) => kind === "opened")).toHaveLength(1);
    const away = totalMs(incident.impact.away["m3"] ?? [], 0);
    expect(away).toBeGreaterThan(195_000);
    expect(away).toBeLessThan(215_000);
    expect(incident.impact.noWrites).toEqual([]);
  });

  it("adds up the time without a leader and without writes from when the leader was lost", () => {
    const play = new Play().run(30, "kill m1", "forget m2 m3").run(100, "elect m2");
    const { impact } = play.only();
    expect(impact.leaderless).toHaveLength(1);
    const lost = totalMs(impact.noWrites, play.world.nowMs);
    expect(lost).toBeGreaterThanOrEqual(29_000);
    expect(lost).toBeLessThan(35_000);
  });

  it("counts no time for which the collector was away as an outage when the agents know better", () => {
    const play = new Play().run(30, "kill m1", "forget m2 m3");
    // Elected and started again five seconds later, while nobody looked for two minutes.
    const backMs = play.world.nowMs + 5000;
    const restarted = play.restart();
    restarted.frames = { cluster: "prod-a", nodes: new Map() };
    restarted.world.nowMs += 120_000;
    ["m1", "m2", "m3"].forEach((name) => {
      restarted.world
        .agent(name)
        .events.push(
          { atMs: backMs, kind: "leader_changed", attributes: { from: "0", to: "a2", term: "3" } },
          ...(name === "m1" ? [{ atMs: backMs, kind: "process_started", attributes: { pid: "900" } }] : []),
        );
    });
    restarted.run(70, "start m1", "elect m2");
    const { impact } = restarted.only();
    expect(totalMs(impact.noWrites, restarted.world.nowMs)).toBeLessThan(40_000);
    expect(totalMs(impact.away["m1"] ?? [], restarted.world.nowMs)).toBeLessThan(40_000);
    expect(totalMs(impact.unseen, restarted.world.nowMs)).toBeGreaterThan(100_000);
  });

  it("survives a restart of the collector with the same id and nothing twice", () => {
    const play = new Play().run(100, "kill m3");
    const before = play.only();
    play.restart().run(60);
    const after = play.only();
    expect(after).toMatchObject({ id: before.id, openedMs: before.openedMs, reopened: 0 });
    expect(after.findings.map(({ id }) => id)).toEqual(before.findings.map(({ id }) => id));
    expect(play.kinds().filter((kind) => kind === "opened")).toHaveLength(1);
  });

  it("finds the same id again when the collector died before it could write the incident", () => {
    const play = new Play().run(100, "kill m3");
    const { id } = play.only();
    expect(play.restart(false).run(5).only().id).toBe(id);
  });

  it("says that it did not look while the collector was away", () => {
    const play = new Play().run(100, "kill m3");
    play.world.nowMs += 120_000;
    play.restart().run(30);
    const { unseen } = play.only().impact;
    expect(totalMs(unseen, play.world.nowMs)).toBeGreaterThan(110_000);
  });

  it("takes the same fault back into the incident within the window, and begins another after it", () => {
    const soon = new Play().run(200, "kill m3").run(200, "start m3").run(200, "kill m3");
    expect(soon.only()).toMatchObject({ reopened: 1, status: "open" });
    const late = new Play().run(200, "kill m3").run(1200, "start m3").run(200, "kill m3");
    expect(late.actions.filter(({ kind }) => kind === "opened")).toHaveLength(2);
  });

  it("takes a restart of one member within two minutes for maintenance, never above info", () => {
    const play = new Play().run(60, "kill m3").run(LONG, "start m3");
    expect(play.only()).toMatchObject({ kind: "maintenance", severity: "info", status: "resolved" });
    expect(play.actions.every(({ incident }) => incident.severity === "info")).toBe(true);
  });

  it("takes a rolling restart for one maintenance", () => {
    const play = new Play();
    for (const name of ["m3", "m2", "m1"]) {
      const elect = name === "m1" ? "elect m2" : "elect m1";
      play.run(20, `kill ${name}`, elect).run(60, `start ${name}`, elect);
    }
    play.run(LONG);
    expect(play.only()).toMatchObject({ kind: "maintenance", severity: "info" });
  });

  it("calls it a fault when the member stays away, when a second one goes, or when the disk was the cause", () => {
    expect(new Play().run(140, "kill m3").only()).toMatchObject({ kind: "fault", severity: "critical" });
    expect(new Play().run(10, "kill m3").run(10, "kill m2").only()).toMatchObject({ kind: "fault" });
    expect(new Play().run(20, "disk m3 data 0B/20GiB").run(20, "kill m3").only()).toMatchObject({
      kind: "fault",
    });
  });

  it("does not end an incident while nobody is heard", () => {
    const play = new Play().run(150, "kill m3").run(LONG, "silence m1 m2 m3");
    expect(play.only().status).toBe("open");
    expect(play.only().impact.unseen.at(-1)?.toMs).toBeNull();
  });

  it("keeps faults apart that have neither cause nor time in common", () => {
    const play = new Play().run(LONG, "disk m1 data 0B/20GiB").run(150, "kill m3");
    expect(play.state.incidents.filter(({ status }) => status === "open")).toHaveLength(2);
  });
});

/**
 * One real outage from end to end: a member of a real cluster is killed beside the real stack, the collector is killed in
 * the middle of it, the member comes back. One incident, one id, a report that a person could send.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CanStop, Incident, IncidentSummary, NoteReport } from "../../shared/rest-incident.ts";
import { findActive } from "../lab/stack.ts";
import { waitFor } from "../lab/wait-for.ts";
import { expectReplayAsLive, nameFinding } from "./compare-replay.ts";
import { startWatchedCluster, type WatchedCluster } from "./watched-cluster.ts";

const STARTS_WITHIN_MS = 120_000;
const STORY_MS = 400_000;

describe("test/integration/incident", () => {
  let watched: WatchedCluster | undefined;
  let because = "";

  beforeAll(async () => {
    const started = await startWatchedCluster({ version: "3.5" });
    if (started.kind === "available") {
      watched = started;
    } else {
      because = started.because;
    }
  }, STARTS_WITHIN_MS);

  afterAll(async () => await watched?.stop(), STARTS_WITHIN_MS);

  it(
    "keeps one incident over a kill of the collector and reports it in both languages",
    { timeout: STORY_MS },
    async (context) => {
      if (watched === undefined) {
        context.skip(because);
        return;
      }
      const { etcd, stack } = watched;
      const base = `/clusters/${stack.cluster}`;
      const victim = await etcd.leader();
      if (victim === undefined) {
        throw new Error("Expected the healthy cluster to have a leader");
      }
      const [other = ""] = etcd.members.map(({ name }) => name).filter((name) => name !== victim.name);
      await waitFor(
        "it is known whether the leader may be stopped",
        async () => (await stack.api<CanStop>(`${base}/can-i/stop/${victim.name}`)).safe !== null,
        { timeoutMs: 60_000 },
      );
      const allowed = await stack.command(["can-i", "stop", victim.name, "--lang", "en"]);

      const fromMs = Date.now();
      await victim.kill("SIGKILL");
      const before = await stack.waitFor(
        "an incident is open",
        (state) => state.openIncident !== null && findActive(state, "MEMBER_DOWN", victim.name) !== undefined,
        { timeoutMs: 30_000 },
      );
      const id = before.state.openIncident ?? "";
      const refused = await stack.api<CanStop>(`${base}/can-i/stop/${other}`);
      expect(refused.safe).not.toBe(true);
      const stopped = await stack.command(["can-i", "stop", other, "--lang", "en"]);
      expect([1, 3]).toContain(stopped.code);

      // Else the member that comes back may be the one that is elected, and there was no takeover to tell of.
      await stack.waitFor(
        "another one leads",
        ({ leader }) => leader !== null && leader.member !== victim.name,
        { timeoutMs: 30_000 },
      );
      const awayFromMs = Date.now();
      await stack.collector.kill("SIGKILL");
      await stack.collector.start();
      const after = await stack.waitFor(
        "the incident is still open after the restart",
        (state) => state.openIncident !== null,
        { timeoutMs: 30_000 },
      );
      expect(after.state.openIncident).toBe(id);
      const awayToMs = Date.now();

      // The second one takes the quorum with it: now it is no restart any more.
      const second = etcd.member(other);
      await second.kill("SIGKILL");
      await stack.waitFor("the quorum is lost", (state) => state.verdict === "quorum-lost", {
        timeoutMs: 30_000,
      });
      await Promise.all([victim.start(), second.start()]);
      await stack.waitFor("the incident is over", (state) => state.openIncident === null, {
        timeoutMs: 240_000,
      });
      const { incidents } = await stack.api<{ incidents: readonly IncidentSummary[] }>(`${base}/incidents`);
      expect(incidents.map((incident) => incident.id)).toEqual([id]);
      expect(incidents[0]?.status).toBe("resolved");

      const incident = await stack.api<Incident>(`${base}/incidents/${id}`);
      expect(incident.rootCauses.map(({ code, subject }) => `${code} ${subject.name}`)).toContain(
        `MEMBER_DOWN ${victim.name}`,
      );
      expect(incident).toMatchObject({ kind: "fault", severity: "critical" });
      expect(incident.impact.noWritesMs).toBeGreaterThan(0);
      expect(incident.impact.members.map(({ member }) => member).toSorted()).toEqual(
        [victim.name, other].toSorted(),
      );
      const elections = incident.timeline.filter(({ code }) => code === "leader_elected");
      expect(elections[0]?.text.en).toContain(`took over from ${victim.name}`);
      const story = incident.timeline
        .map(({ at, node, text }) => `${at} ${node ?? ""} ${text.en}`)
        .join("\n");
      expect(elections[0]?.text.en, story).toContain(`etcd of ${victim.name} exited`);
      expect(incident.timeline.map(({ code }) => code)).toContain("process_exited");

      const { events } = await stack.api<{ events: readonly NoteReport[] }>(`${base}/events`);
      expect(new Set(events.map(({ id: one }) => one)).size).toBe(events.length);
      expect(events.filter(({ code }) => code === "process_exited")).toHaveLength(2);

      const reports = await Promise.all(
        (["en", "zh"] as const).map(async (lang) => await stack.command(["report", "--lang", lang])),
      );
      expect(reports.map(({ code }) => code)).toEqual([0, 0]);
      expect(reports[0]?.stdout).toContain("## Timeline");
      expect(reports[0]?.stdout).toContain(`took over from ${victim.name}`);
      expect(reports[1]?.stdout).toContain("根本原因");
      for (const { stdout } of reports) {
        expect(stdout).not.toMatch(/undefined|NaN|\[object|null/);
      }
      const replay = await expectReplayAsLive(stack, watched.dir, {
        fromMs,
        toMs: Date.now(),
        awayFromMs,
        awayToMs,
      });
      expect(replay.incidents.map(({ status, kind, severity }) => [status, kind, severity])).toEqual([
        ["resolved", incident.kind, incident.severity],
      ]);
      expect(replay.incidents[0]?.rootCauses.map(nameFinding).toSorted()).toEqual(
        incident.rootCauses.map(nameFinding).toSorted(),
      );

      const shown = await stack.command(["incidents", id, "--lang", "en"]);
      const page = await stack.http(`/api/v1${base}/incidents/${id}/report?format=html`);
      expect(page.body).toContain("<!doctype html>");
      const certs = await stack.command(["certs", "--lang", "en"]);
      expect([shown.code, certs.code]).toEqual([0, 0]);
      if (process.env["SHOW"] !== undefined) {
        const texts = [allowed, stopped, ...reports, shown, certs].map(({ stdout }) => stdout);
        process.stdout.write(texts.join("\n--------\n"));
      }
    },
  );
});

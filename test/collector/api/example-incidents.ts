/** One incident of the example's night, as the history would give it. */
import type { IncidentSource } from "../../../collector/api/incident-source.ts";
import { buildIncident, reportNote, summarizeIncident } from "../../../collector/incident/build-incident.ts";
import type { CanStop } from "../../../shared/rest-incident.ts";
import { Play } from "../incident/play.ts";

function stop(member: string): CanStop {
  return {
    cluster: "prod-a",
    member,
    at: "2026-11-22T03:16:10.000Z",
    safe: false,
    reasons: [{ effect: "blocks", code: "QUORUM", text: { en: "because of the quorum", zh: "法定人数" } }],
    tolerance: 0,
    after: { voters: 3, needed: 2, serving: 1, tolerance: -1 },
  };
}

export interface ExampleIncidents extends IncidentSource {
  readonly id: string;
}

export function createIncidents(): ExampleIncidents {
  const play = new Play().run(60).run(150, "kill m3");
  const record = play.only();
  const notes = [...play.notes.values()];
  const nowMs = play.world.nowMs;
  const incident = buildIncident({
    record,
    findings: [...play.findings.values()],
    notes,
    trends: [],
    nowMs,
    unknown: [],
  });
  return {
    id: record.id,
    list: async () => [summarizeIncident(record, nowMs)],
    find: async (_cluster, id) => (id === record.id ? incident : undefined),
    notes: async (_cluster, kind) => notes.filter((note) => note.kind === kind).map(reportNote),
    movers: async (cluster, { fromMs, toMs }) => ({
      cluster,
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
      movers: [],
      unknown: [],
    }),
    canStop: (_cluster, member) => (member === "m1" ? stop(member) : undefined),
  };
}

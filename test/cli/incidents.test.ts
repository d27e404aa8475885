import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IncidentSource } from "../../collector/api/incident-source.ts";
import { buildIncident, summarizeIncident } from "../../collector/incident/build-incident.ts";
import { createExampleApi } from "../collector/api/example-api.ts";
import { Play } from "../collector/incident/play.ts";
import { runEtcdscope } from "./run-etcdscope.ts";

const play = new Play().run(60).run(150, "kill m3");
const record = play.only();
const nowMs = play.world.nowMs;
const incident = buildIncident({
  record,
  findings: [...play.findings.values()],
  notes: [],
  trends: [],
  nowMs,
  unknown: [],
});

function stop(member: string, safe: boolean | null): ReturnType<IncidentSource["canStop"]> {
  const effect = safe === null ? "unknown" : safe ? "note" : "blocks";
  return {
    cluster: "prod-a",
    member,
    at: "2026-11-22T03:16:10.000Z",
    safe,
    reasons: [{ effect, code: "QUORUM", text: { en: "because of the quorum", zh: "法定人数" } }],
    tolerance: 0,
    after: { voters: 3, needed: 2, serving: 2, tolerance: 0 },
  };
}

const incidents: IncidentSource = {
  list: async () => [summarizeIncident(record, nowMs)],
  find: async (_cluster, id) => (id === record.id ? incident : undefined),
  notes: async () => [],
  movers: async (cluster) => ({ cluster, from: "", to: "", movers: [], unknown: [] }),
  canStop: (_cluster, member) =>
    new Map([
      ["m1", stop("m1", false)],
      ["m2", stop("m2", null)],
      ["m3", stop("m3", true)],
    ]).get(member),
};

const api = createExampleApi({ incidents });
let where: readonly string[] = [];

beforeAll(async () => {
  const url = await api.app.listen({ host: "127.0.0.1", port: 0 });
  where = ["--collector", url, "--cluster", "prod-a", "--lang", "en"];
});
afterAll(() => api.app.close());

describe("cli/run-incidents", () => {
  it("lists incidents within 80 columns and shows one with its timeline", async () => {
    const list = await runEtcdscope(["incidents", ...where]);
    expect(list.out).toContain(record.id);
    expect(Math.max(...list.out.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(80);
    const one = await runEtcdscope(["incidents", record.id, ...where]);
    expect(one.out).toContain("cause    MEMBER_DOWN");
    expect(one.out).toContain("the incident begins");
    expect(Math.max(...one.out.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(80);
    const json = await runEtcdscope(["incidents", record.id, ...where, "--json"]);
    expect(JSON.parse(json.out)).toEqual(JSON.parse(JSON.stringify(incident)));
  });

  it("ends with 2 for an incident that there is not", async () => {
    const { code, error } = await runEtcdscope(["incidents", "nope", ...where]);
    expect([code, error]).toEqual([2, expect.stringContaining('No incident "nope"')]);
  });

  it("writes the newest incident's report as Markdown, HTML or JSON", async () => {
    expect((await runEtcdscope(["report", ...where])).out).toContain("## Root causes and evidence");
    expect((await runEtcdscope(["report", ...where, "--format", "html"])).out).toContain("<!doctype html>");
    const json = JSON.parse((await runEtcdscope(["report", ...where, "--json"])).out) as {
      incident: { id: string };
    };
    expect(json.incident.id).toBe(record.id);
    const page = await api.app.inject(
      `/api/v1/clusters/prod-a/incidents/${record.id}/report?format=html&lang=zh`,
    );
    expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(page.headers["content-security-policy"]).toContain("style-src 'sha256-");
    expect(page.body).toContain('<html lang="zh-CN">');
    expect(
      (await api.app.inject(`/api/v1/clusters/prod-a/incidents/${record.id}/report?format=pdf`)).statusCode,
    ).toBe(400);
  });
});

describe("cli/run-can-i", () => {
  it.each([
    ["m3", 0, "YES"],
    ["m1", 1, "NO"],
    ["m2", 3, "UNKNOWN"],
  ])("answers for %s with exit code %i", async (member, code, word) => {
    const answer = await runEtcdscope(["can-i", "stop", member, ...where]);
    expect(answer.code).toBe(code);
    expect(answer.out).toContain(`stop ${member}   ${word}`);
    expect(answer.out).toContain("because of the quorum");
  });

  it("ends with 2 for a member that there is not and an action that it does not know", async () => {
    const none = await runEtcdscope(["can-i", "stop", "m9", ...where]);
    expect([none.code, none.error]).toEqual([2, expect.stringContaining("known: m1, m2, m3")]);
    expect((await runEtcdscope(["can-i", "delete", "m1", ...where])).code).toBe(2);
  });
});

describe("cli/run-certs", () => {
  it("shows how long each certificate is valid", async () => {
    const { code, out } = await runEtcdscope(["certs", ...where]);
    expect(out).toContain("DAYS LEFT");
    expect(out).toContain("212");
    expect(code).toBe(0);
  });
});

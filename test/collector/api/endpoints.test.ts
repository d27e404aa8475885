import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, describe, expect, it } from "vitest";
import type { Diagnosis } from "../../../shared/rest.ts";
import { createExampleApi } from "./example-api.ts";
import { AT_RISK, BACKUPS, CERTIFICATE, LINK, NOW } from "./example-source.ts";

const { app } = createExampleApi();
afterAll(() => app.close());

async function get(
  url: string,
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const answer = await app.inject(url);
  return { status: answer.statusCode, body: answer.json() };
}

describe("collector/api/routes", () => {
  it("lists the clusters, worst first", async () => {
    const { body } = await get("/api/v1/clusters");
    expect(body).toEqual({
      clusters: [
        expect.objectContaining({
          name: "prod-a",
          verdict: "at-risk",
          tolerance: 0,
          leader: "m2",
          openIncident: null,
        }),
        expect.objectContaining({ name: "prod-b", verdict: "healthy", tolerance: 1 }),
      ],
      nextCursor: null,
    });
  });

  it("gives the whole state of a cluster, untouched", async () => {
    expect((await get("/api/v1/clusters/prod-a")).body).toEqual(AT_RISK);
  });

  it("gives a cluster as it was", async () => {
    const { body } = await get("/api/v1/clusters/prod-a?at=2026-11-22T11:05:00%2B08:00");
    expect(body["at"]).toBe("2026-11-22T03:05:00.000Z");
  });

  it.each([
    ["/api/v1/clusters/prod-a/findings", ["f-down", "f-disk"]],
    ["/api/v1/clusters/prod-a/findings?active=true", ["f-down", "f-disk"]],
    ["/api/v1/clusters/prod-a/findings?active=false", []],
    ["/api/v1/clusters/prod-a/findings?from=2026-11-22T00:00:00Z", ["f-down", "f-disk", "f-link"]],
    ["/api/v1/clusters/prod-a/findings?from=2026-11-22T00:00:00Z&active=true", ["f-down", "f-disk"]],
    ["/api/v1/clusters/prod-a/findings?from=2026-11-22T00:00:00Z&to=2026-11-22T02:00:00Z", ["f-link"]],
    ["/api/v1/clusters/prod-b/findings", []],
  ])("answers %s newest first", async (url, ids) => {
    const { body } = await get(url);
    expect((body["findings"] as { id: string }[]).map(({ id }) => id)).toEqual(ids);
  });

  it("gives links and certificates with the time they are of", async () => {
    const links = await get("/api/v1/clusters/prod-a/connectivity");
    expect(links.body).toMatchObject({ cluster: "prod-a", at: NOW, nextCursor: null });
    expect((links.body["links"] as unknown[])[0]).toEqual(LINK);
    const certificates = await get("/api/v1/clusters/prod-a/certificates?at=2026-11-22T03:10:00Z");
    expect(certificates.body).toMatchObject({ at: "2026-11-22T03:10:00.000Z" });
    expect((certificates.body["certificates"] as unknown[])[0]).toEqual(CERTIFICATE);
  });

  it("gives backups and flags, and hands a request to compare data on, once", async () => {
    const backups = await get("/api/v1/clusters/prod-a/backups?at=2026-11-22T03:10:00Z");
    expect(backups.body).toMatchObject({ at: "2026-11-22T03:10:00.000Z", directories: [BACKUPS] });
    const { body } = await get("/api/v1/clusters/prod-a/config");
    expect(body).toMatchObject({ cluster: "prod-a", nextCursor: null });
    const url = "/api/v1/clusters/prod-a/compare-data";
    expect((await app.inject({ method: "POST", url })).json()).toEqual({ cluster: "prod-a", node: "m1" });
    const read = await app.inject(url);
    expect([read.statusCode, read.headers["allow"]]).toEqual([405, "POST"]);
  });

  it("names the recorded metrics with unit and nodes, also those it has no words for", async () => {
    expect((await get("/api/v1/clusters/prod-a/series")).body["series"]).toEqual([
      expect.objectContaining({
        metric: "etcd_status_db_size_bytes",
        unit: "bytes",
        kind: "gauge",
        nodes: ["m1", "m2"],
      }),
      {
        metric: "newer_agents_metric_total",
        unit: "",
        kind: "counter",
        help: { en: "newer_agents_metric_total", zh: "newer_agents_metric_total" },
        nodes: ["m1"],
      },
    ]);
  });

  it("gives the last hour in 300 steps when nothing else is asked", async () => {
    const { body } = await get("/api/v1/clusters/prod-a/series/etcd_status_db_size_bytes");
    expect(body).toMatchObject({
      metric: "etcd_status_db_size_bytes",
      unit: "bytes",
      from: "2026-11-22T02:16:10.000Z",
      to: NOW,
      stepMs: 12_000,
    });
    expect((body["series"] as { points: unknown[] }[]).map(({ points }) => points.length)).toEqual([
      300, 300,
    ]);
  });

  it("never makes steps shorter than a millisecond", async () => {
    const { body } = await get(
      "/api/v1/clusters/prod-a/series/etcd_status_db_size_bytes?node=m1&points=5000&from=2026-11-22T03:00:00.000Z&to=2026-11-22T03:00:00.010Z",
    );
    expect(body["stepMs"]).toBe(1);
    expect(body["series"]).toHaveLength(1);
  });

  it("walks the decision tree, from the process up, and says what to do first", async () => {
    const { body } = await get("/api/v1/clusters/prod-a/diagnosis");
    const layers = body["layers"] as Diagnosis["layers"];
    expect(layers.map(({ layer }) => layer)).toEqual([
      "process",
      "cluster",
      "storage",
      "network",
      "config",
      "performance",
      "agent",
    ]);
    expect(body).toMatchObject({ state: "bad", verdict: "at-risk" });
    expect(layers[0]).toMatchObject({ state: "bad" });
    expect(body["next"]).toMatchObject({
      code: "MEMBER_DOWN",
      member: "m3",
      command: "journalctl --no-pager -n 80 -u etcd.service",
    });
    const past = await get("/api/v1/clusters/prod-a/diagnosis?at=2026-11-22T02:00:00Z");
    expect(past.status).toBe(404);
  });

  it("renders a runbook for the member that the finding is about, in the language asked for", async () => {
    const both = await get("/api/v1/clusters/prod-a/runbooks/member-down");
    expect(both.body).toMatchObject({ code: "MEMBER_DOWN", member: "m3", name: { en: "etcd runs" } });
    const { body } = await get("/api/v1/clusters/prod-a/runbooks/MEMBER_DOWN?member=m2&lang=zh");
    expect(body).toMatchObject({ member: "m2", name: "etcd 在运行" });
    expect(JSON.stringify(body)).not.toContain('"en"');
  });

  it("walks a list page by page", async () => {
    const seen: string[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < 5; page++) {
      const query: string = cursor === null ? "" : `&cursor=${cursor}`;
      const { body } = await get(`/api/v1/clusters/prod-a/certificates?limit=1${query}`);
      seen.push(...(body["certificates"] as { node: string }[]).map(({ node }) => node));
      cursor = body["nextCursor"] as string | null;
      if (cursor === null) {
        break;
      }
    }
    expect(seen).toEqual(["m1", "m2", "m3"]);
  });

  it("is alive, is ready", async () => {
    expect((await app.inject("/healthz")).body).toBe("ok\n");
    expect((await app.inject("/readyz")).statusCode).toBe(200);
    expect((await app.inject({ method: "HEAD", url: "/api/v1/clusters" })).statusCode).toBe(200);
  });

  it("counts for Prometheus, with one verdict in force a cluster", async () => {
    const { body, headers } = await app.inject("/metrics");
    expect(headers["content-type"]).toContain("text/plain");
    expect(body).toContain('etcdscope_cluster_verdict{cluster="prod-a",verdict="at-risk"} 1');
    expect(body).toContain('etcdscope_cluster_verdict{cluster="prod-a",verdict="healthy"} 0');
    expect(body).toContain('etcdscope_cluster_failure_tolerance{cluster="prod-b"} 1');
    expect(body).toMatch(/^etcdscope_ingest_frames_total 0$/m);
    expect(body).toMatch(/^process_resident_memory_bytes \d+$/m);
  });
});

interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<
    Record<string, { readonly get: { readonly responses: Readonly<Record<string, unknown>> } }>
  >;
  readonly components: {
    readonly schemas: Readonly<Record<string, { readonly examples?: readonly unknown[] }>>;
  };
}

describe("collector/api/open-api", () => {
  const CHECKED: readonly (readonly [string, string])[] = [
    ["/api/v1/clusters", "ClusterList"],
    ["/api/v1/clusters/prod-a", "ClusterState"],
    ["/api/v1/clusters/prod-a/findings", "FindingList"],
    ["/api/v1/clusters/prod-a/connectivity", "Connectivity"],
    ["/api/v1/clusters/prod-a/certificates", "Certificates"],
    ["/api/v1/clusters/prod-a/series", "SeriesList"],
    ["/api/v1/clusters/prod-a/series/etcd_status_db_size_bytes?points=3", "Series"],
    ["/api/v1/clusters/prod-a/diagnosis", "Diagnosis"],
    ["/api/v1/clusters/prod-b/diagnosis", "Diagnosis"],
    ["/api/v1/clusters/prod-a/runbooks/QUORUM_LOST", "Runbook"],
    ["/api/v1/clusters/prod-a/runbooks/restore?lang=zh&member=m2", "Runbook"],
    ["/api/v1/clusters/prod-a/backups", "Backups"],
    ["/api/v1/clusters/prod-a/config?limit=2", "Flags"],
    ["/api/v1/clusters/nope", "Problem"],
  ];

  it.each(CHECKED)("describes what %s answers as %s", async (url, name) => {
    const description = (await app.inject("/openapi.json")).json<OpenApi>();
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: "api", components: description.components });
    const validate = ajv.compile({ $ref: `api#/components/schemas/${name}` });
    const valid = validate((await app.inject(url)).json());
    expect(validate.errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  it("has examples that fit their own schemas", async () => {
    const description = (await app.inject("/openapi.json")).json<OpenApi>();
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: "api", components: description.components });
    for (const [name, schema] of Object.entries(description.components.schemas)) {
      const validate = ajv.compile({ $ref: `api#/components/schemas/${name}` });
      for (const example of schema.examples ?? []) {
        validate(example);
        expect(validate.errors ?? [], name).toEqual([]);
      }
    }
  });

  it("names every endpoint, with its problems", async () => {
    const { paths, openapi } = (await app.inject("/openapi.json")).json<OpenApi>();
    expect(openapi).toBe("3.1.0");
    expect(Object.keys(paths).sort()).toEqual([
      "/",
      "/api/v1/clusters",
      "/api/v1/clusters/{cluster}",
      "/api/v1/clusters/{cluster}/backups",
      "/api/v1/clusters/{cluster}/can-i/stop/{member}",
      "/api/v1/clusters/{cluster}/capture",
      "/api/v1/clusters/{cluster}/certificates",
      "/api/v1/clusters/{cluster}/changes",
      "/api/v1/clusters/{cluster}/compare-data",
      "/api/v1/clusters/{cluster}/config",
      "/api/v1/clusters/{cluster}/connectivity",
      "/api/v1/clusters/{cluster}/diagnosis",
      "/api/v1/clusters/{cluster}/events",
      "/api/v1/clusters/{cluster}/findings",
      "/api/v1/clusters/{cluster}/incidents",
      "/api/v1/clusters/{cluster}/incidents/{id}",
      "/api/v1/clusters/{cluster}/incidents/{id}/report",
      "/api/v1/clusters/{cluster}/movers",
      "/api/v1/clusters/{cluster}/runbooks/{code}",
      "/api/v1/clusters/{cluster}/series",
      "/api/v1/clusters/{cluster}/series/{metric}",
      "/api/v1/clusters/{cluster}/stream",
      "/api/v1/clusters/{cluster}/trends",
      "/api/v1/stream",
      "/healthz",
      "/metrics",
      "/readyz",
    ]);
    expect(Object.keys(paths["/api/v1/clusters"]?.get.responses ?? {})).toContain("401");
  });
});

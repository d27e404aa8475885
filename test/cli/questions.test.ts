import { createHash } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClusterState, SeriesAnswer } from "../../shared/rest.ts";
import { createExampleApi, type ExampleApi } from "../collector/api/example-api.ts";
import { AT_RISK, createSource, HEALTHY } from "../collector/api/example-source.ts";
import { createTemporaryPki } from "./pki/temporary-pki.ts";
import { runEtcdscope } from "./run-etcdscope.ts";

async function listen(api: ExampleApi): Promise<string> {
  return await api.app.listen({ host: "127.0.0.1", port: 0 });
}

const both = createExampleApi();
const well = createExampleApi({ source: createSource([HEALTHY]) });
const unknown = createExampleApi({ source: createSource([{ ...HEALTHY, verdict: "unknown" }]) });
const empty = createExampleApi({ source: createSource([]) });
const guarded = createExampleApi({
  http: {
    host: "127.0.0.1",
    port: 0,
    tls: undefined,
    tokens: [{ name: "ops", sha256: createHash("sha256").update("t0ken").digest("hex"), role: "viewer" }],
  },
});
const all = [both, well, unknown, empty, guarded];
let url = { both: "", well: "", unknown: "", empty: "", guarded: "" };
let dir = "";

beforeAll(async () => {
  dir = await createTemporaryPki();
  const [first = "", second = "", third = "", fourth = "", fifth = ""] = await Promise.all(all.map(listen));
  url = { both: first, well: second, unknown: third, empty: fourth, guarded: fifth };
});

afterAll(async () => {
  await Promise.all(all.map(({ app }) => app.close()));
  rmSync(dir, { recursive: true, force: true });
});

describe("cli/run-status", () => {
  it("gives each cluster its headline, and the reasons of those that are not well", async () => {
    const { code, out } = await runEtcdscope(["status", "--collector", url.both]);
    expect(out).toContain("prod-a   AT RISK   2 of 3 voters serve");
    expect(out).toContain("  cause    Disk full on m3");
    expect(out).toContain("prod-b   HEALTHY   All 3 voters serve");
    expect(out).not.toContain("\u001b");
    expect(code).toBe(1);
  });

  it("shows the only cluster with its members, and ends with 0 when it is well", async () => {
    const { code, out } = await runEtcdscope(["status"], { env: { ETCDSCOPE_COLLECTOR: url.well } });
    expect(out).toContain("MEMBER  ROLE");
    expect(code).toBe(0);
  });

  it("ends with 3 when nobody can tell", async () => {
    expect((await runEtcdscope(["status", "--collector", url.unknown])).code).toBe(3);
    const { code, out } = await runEtcdscope(["status", "--collector", url.empty]);
    expect([code, out]).toEqual([3, "The collector knows no cluster yet: no agent has reached it\n"]);
  });

  it("gives scripts the API's own document", async () => {
    const one = await runEtcdscope(["status", "--collector", url.both, "--cluster", "prod-a", "--json"]);
    expect(JSON.parse(one.out)).toEqual(AT_RISK);
    expect(one.code).toBe(1);
    const list = await runEtcdscope(["status", "--collector", url.both, "--json"]);
    expect((JSON.parse(list.out) as { clusters: unknown[] }).clusters).toHaveLength(2);
  });

  it("looks back", async () => {
    const args = [
      "status",
      "--collector",
      url.both,
      "--cluster",
      "prod-a",
      "--json",
      "--at",
      "2026-11-22T03:05:00Z",
    ];
    const { out } = await runEtcdscope(args);
    expect((JSON.parse(out) as ClusterState).at).toBe("2026-11-22T03:05:00.000Z");
  });

  it("speaks Chinese when asked", async () => {
    const { out } = await runEtcdscope([
      "status",
      "--collector",
      url.both,
      "--cluster",
      "prod-a",
      "--lang",
      "zh",
    ]);
    expect(out).toContain("原因     m3 磁盘已满");
  });
});

describe("cli/run-findings", () => {
  it("gives what is wrong now", async () => {
    const { code, out } = await runEtcdscope(["findings", "--collector", url.both, "--cluster", "prod-a"]);
    expect(out).toContain("CRITICAL  DISK_FULL  m3   root cause");
    expect(out).not.toContain("PEER_LINK_DOWN");
    expect(code).toBe(0);
  });

  it("gives a span, to scripts as one document", async () => {
    const args = ["findings", "--collector", url.both, "--cluster", "prod-a", "--json"];
    const span = ["--from", "2026-11-22T00:00:00Z", "--to", "2026-11-22T02:00:00Z"];
    const { out } = await runEtcdscope([...args, ...span]);
    expect(JSON.parse(out)).toMatchObject({
      cluster: "prod-a",
      findings: [{ id: "f-link", status: "resolved" }],
    });
  });

  it("asks which cluster when there are several", async () => {
    const { code, error } = await runEtcdscope(["findings", "--collector", url.both]);
    expect([code, error]).toEqual([2, "etcdscope: --cluster: expected one of prod-a, prod-b\n"]);
  });
});

describe("cli/run-series", () => {
  it("lists the metrics with their units", async () => {
    const { out } = await runEtcdscope(["series", "--collector", url.well]);
    expect(out).toMatch(/^METRIC +UNIT +ABOUT\netcd_status_db_size_bytes +bytes +Size of the backend/);
  });

  it("gives one metric of one node", async () => {
    const args = [
      "series",
      "etcd_status_db_size_bytes",
      "--collector",
      url.well,
      "--node",
      "m1",
      "--points",
      "10",
    ];
    const text = await runEtcdscope(args);
    expect(text.out).toContain("m1 member=m1   min 977 KiB");
    const json = await runEtcdscope([...args, "--json"]);
    expect((JSON.parse(json.out) as SeriesAnswer).series[0]?.points).toHaveLength(10);
  });
});

describe("cli/collector-client", () => {
  it("names the clusters that there are", async () => {
    const { code, error } = await runEtcdscope(["status", "--collector", url.both, "--cluster", "prod-c"]);
    expect([code, error]).toEqual([2, 'etcdscope: No cluster "prod-c"; known: prod-a, prod-b\n']);
  });

  it("says in one sentence that nobody answers", async () => {
    const { code, out, error } = await runEtcdscope(["status", "--collector", "http://127.0.0.1:1"]);
    expect([code, out]).toEqual([1, ""]);
    expect(error).toBe(
      "etcdscope: No answer from the collector at http://127.0.0.1:1: connection refused: nothing listens there (--collector URL or ETCDSCOPE_COLLECTOR names another)\n",
    );
  });

  it("says that it is no collector", async () => {
    const other = createServer((_, response) => response.end("<html>"));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const at = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const { code, error } = await runEtcdscope(["status", "--collector", at]);
    expect([code, error]).toEqual([
      1,
      `etcdscope: What answers at ${at} is no etcdscope collector (status 200)\n`,
    ]);
    other.close();
  });

  it("shows its token, from the file or the environment", async () => {
    const without = await runEtcdscope(["status", "--collector", url.guarded]);
    expect(without.code).toBe(1);
    expect(without.error).toContain("--token-file");
    writeFileSync(join(dir, "token"), "t0ken\n");
    const args = ["status", "--collector", url.guarded, "--cluster", "prod-b"];
    expect((await runEtcdscope([...args, "--token-file", join(dir, "token")])).code).toBe(0);
    expect((await runEtcdscope(args, { env: { ETCDSCOPE_TOKEN: "t0ken" } })).code).toBe(0);
    expect((await runEtcdscope([...args, "--token-file", join(dir, "none")])).code).toBe(2);
  });

  it("speaks HTTPS with a collector whose authority it is told", async () => {
    const tls = { ca: undefined, cert: join(dir, "collector.crt"), key: join(dir, "collector.key") };
    const secure = createExampleApi({ http: { host: "127.0.0.1", port: 0, tls, tokens: [] } });
    const at = await listen(secure);
    const args = ["status", "--collector", at, "--cluster", "prod-b"];
    expect(at).toMatch(/^https:/);
    expect((await runEtcdscope([...args, "--ca", join(dir, "ca.crt")])).code).toBe(0);
    const untrusted = await runEtcdscope(args);
    expect(untrusted.code).toBe(1);
    expect(untrusted.error).toContain("its certificate is not trusted; name its authority with --ca");
    await secure.app.close();
  });
});

import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packBundle, runBundle, type BundleRequest } from "../../cli/bundle/run-bundle.ts";
import { createScrub } from "../../cli/bundle/scrub.ts";
import { createCollectorClient } from "../../cli/collector-client.ts";
import { createExampleApi } from "../collector/api/example-api.ts";
import { NOW_MS } from "../collector/api/example-source.ts";
import { createTemporaryPki } from "./pki/temporary-pki.ts";
import { createPlainTerminal } from "./plain-terminal.ts";
import { runEtcdscope } from "./run-etcdscope.ts";

const TOKEN = "t0ken-of-an-admin";
const SECRET = "a-webhook-is-signed-with-this";
const api = createExampleApi({
  http: {
    host: "127.0.0.1",
    port: 0,
    tls: undefined,
    tokens: [{ name: "ops", sha256: createHash("sha256").update(TOKEN).digest("hex"), role: "admin" }],
  },
});
const folder = mkdtempSync(join(tmpdir(), "etcdscope-bundle-"));
let pki = "";
let url = "";
let config = "";

beforeAll(async () => {
  pki = await createTemporaryPki();
  url = await api.app.listen({ host: "127.0.0.1", port: 0 });
  writeFileSync(join(folder, "secret"), `${SECRET}\n`);
  config = join(folder, "collector.yaml");
  writeFileSync(
    config,
    `grpc: { listen: "127.0.0.1:0", tls: { ca: ${pki}/ca.crt, cert: ${pki}/collector.crt, key: ${pki}/collector.key } }
http: { listen: "127.0.0.1:8080", tokens: [ { name: ops, sha256: ${"c0de".repeat(16)}, role: viewer } ] }
history: { path: ${folder}/history.db }
alerts: { webhook: [ { url: "https://chat.example/services/T0/B0/XXXX", secretFile: ${folder}/secret } ] }
`,
  );
});
afterAll(async () => {
  await api.app.close();
  rmSync(folder, { recursive: true });
  rmSync(pki, { recursive: true });
});

function request(change: Partial<BundleRequest> = {}): BundleRequest {
  return {
    client: createCollectorClient({ url: new URL(url), token: TOKEN, ca: undefined }),
    cluster: undefined,
    sinceMs: 600_000,
    configs: [config],
    secrets: [TOKEN],
    hasCapture: true,
    readJournal: async (unit) =>
      `2026-11-22T03:16:00 m1 ${unit}[1]: it said Authorization: Bearer abcdefghijkl\n2026-11-22T03:16:01 m1 ${unit}[1]: ${SECRET} ${TOKEN}\n`,
    output: join(folder, "bundle.tar.gz"),
    clock: { nowMs: () => NOW_MS, monotonicUs: () => 0, after: () => ({ cancel: () => undefined }) },
    ...change,
  };
}

function unpack(file: string): string {
  const into = mkdtempSync(join(folder, "unpacked-"));
  expect(spawnSync("tar", ["-xzf", file, "-C", into]).status).toBe(0);
  return join(into, "etcdscope-bundle");
}

interface Manifest {
  readonly parts: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[];
  readonly missing: readonly { readonly path: string; readonly because: string }[];
}

describe("cli/bundle", () => {
  it("holds what a support case needs, each part with its checksum", async () => {
    const terminal = createPlainTerminal();
    expect(await runBundle(request(), terminal)).toBe(0);
    const root = unpack(request().output);
    const { parts, missing } = JSON.parse(readFileSync(join(root, "MANIFEST.json"), "utf8")) as Manifest;
    expect(missing).toEqual([]);
    expect(terminal.output()).toContain(`${parts.length} parts`);
    const paths = parts.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        "about.json",
        "config/collector.json",
        "log/agent.txt",
        "log/collector.txt",
        "collector/metrics.txt",
        "clusters/prod-a/state.json",
        "clusters/prod-a/findings.json",
        "clusters/prod-a/incidents.json",
        "clusters/prod-a/frames.etcdscope",
        "clusters/prod-b/state.json",
      ]),
    );
    expect(spawnSync("sha256sum", ["-c", "--quiet", "SHA256SUMS"], { cwd: root }).status).toBe(0);
    expect(statSync(request().output).mode & 0o777).toBe(0o600);
    const told = readFileSync(join(root, "config/collector.json"), "utf8");
    expect(JSON.parse(told)).toMatchObject({
      history: { rawMs: 7 * 24 * 3_600_000 },
      http: { tokens: [{ name: "ops", sha256: "[redacted]" }] },
      alerts: { webhook: [{ url: "https://chat.example/[redacted]" }] },
    });
    expect((await runEtcdscope(["replay", join(root, "clusters/prod-a/frames.etcdscope")])).code).toBe(0);
  });

  it("holds no key, no token and no secret, wherever they were written", async () => {
    const output = join(folder, "secrets.tar.gz");
    await runBundle(request({ output }), createPlainTerminal());
    const root = unpack(output);
    const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(files.length).toBeGreaterThan(20);
    for (const file of files) {
      const text = readFileSync(join(file.parentPath, file.name), "latin1");
      for (const secret of [TOKEN, SECRET, "abcdefghijkl", "B0/XXXX", "c0dec0de", "PRIVATE KEY"]) {
        expect([file.name, text.includes(secret)]).toEqual([file.name, false]);
      }
    }
    expect(readFileSync(join(root, "log/agent.txt"), "utf8")).toContain("[redacted]");
  });

  it("tells what could not be had and why, and holds the rest", async () => {
    const output = join(folder, "poor.tar.gz");
    const terminal = createPlainTerminal();
    const nobody = createCollectorClient({
      url: new URL("http://127.0.0.1:9"),
      token: undefined,
      ca: undefined,
    });
    const poor = request({
      client: nobody,
      output,
      configs: ["/nowhere/agent.yaml"],
      readJournal: async () => await Promise.reject(new Error("no journal here")),
    });
    expect(await runBundle(poor, terminal)).toBe(0);
    const { parts, missing } = JSON.parse(
      readFileSync(join(unpack(output), "MANIFEST.json"), "utf8"),
    ) as Manifest;
    expect(parts.map(({ path }) => path)).toEqual(["about.json"]);
    expect(missing.map(({ path }) => path)).toEqual([
      "config/agent.yaml",
      "log/agent.txt",
      "log/collector.txt",
      "collector/clusters.json",
    ]);
    expect(terminal.output()).toContain("without log/agent.txt: no journal here");
    expect(terminal.output()).toContain("connection refused");
  });

  it("holds how the collector is also where no cluster has reached it", async () => {
    const output = join(folder, "empty.tar.gz");
    const client = request().client;
    const get: typeof client.get = async (path, query) =>
      path === "/api/v1/clusters" ? ({ clusters: [] } as never) : await client.get(path, query);
    await runBundle(request({ client: { ...client, get }, output }), createPlainTerminal());
    const names = spawnSync("tar", ["-tzf", output], { encoding: "utf8" }).stdout;
    expect(names).toContain("collector/metrics.txt");
    expect(names).not.toContain("clusters/");
  });

  it("writes no file outside of its own folder, whatever a cluster is called by who answers", async () => {
    const client = { ...request().client, get: async () => ({ clusters: [{ name: "../../evil" }] }) };
    const output = join(folder, "names.tar.gz");
    await runBundle(request({ client: client as never, output }), createPlainTerminal());
    const names = spawnSync("tar", ["-tzf", output], { encoding: "utf8" }).stdout.trim().split("\n");
    expect(names.every((name) => name.startsWith("etcdscope-bundle/") && !name.includes(".."))).toBe(true);
  });

  it("stays within its bound", async () => {
    const output = join(folder, "large.tar.gz");
    const large = request({
      output,
      readJournal: async () => randomBytes(20 * 1024 * 1024).toString("latin1"),
    });
    const terminal = createPlainTerminal();
    await runBundle(large, terminal);
    expect(terminal.output()).toContain("without log/agent.txt: It would be too large");
    expect(statSync(output).size).toBeLessThan(2 * 1024 * 1024);
  });

  it("gives the same bytes for the same parts and time", () => {
    const collected = { parts: [{ path: "a.txt", content: Buffer.from("a") }], missing: [] };
    expect(packBundle(collected, NOW_MS)).toEqual(packBundle(collected, NOW_MS));
  });

  it("asks for a file, and for a span that there can be", async () => {
    expect((await runEtcdscope(["bundle"])).code).toBe(2);
    const bad = await runEtcdscope(["bundle", "-o", join(folder, "x.tar.gz"), "--since", "1y"]);
    expect([bad.code, bad.error]).toEqual([2, expect.stringContaining("--since: expected a duration")]);
    mkdirSync(join(folder, "dir"));
    const unwritable = await runEtcdscope([
      "bundle",
      "--no-capture",
      "--collector",
      "http://127.0.0.1:9",
      "-o",
      join(folder, "no/such/x.tar.gz"),
    ]);
    expect([unwritable.code, unwritable.error]).toEqual([2, expect.stringContaining("ENOENT")]);
  });
});

describe("cli/bundle/scrub", () => {
  it("takes what it was told, and what looks like a secret, out of every place of a document", () => {
    const scrub = createScrub(["s3cret-of-mine", "short"]);
    expect(
      scrub({
        a: ["x s3cret-of-mine y", { "b s3cret-of-mine": 1 }],
        url: "https://hooks.chat.example/T/B/X",
        user: "http://root:pass@host/",
        short: "short words stay",
      }),
    ).toEqual({
      a: ["x [redacted] y", { "b [redacted]": 1 }],
      url: "https://hooks.chat.example/[redacted]",
      user: "http://[redacted]@host/",
      short: "short words stay",
    });
  });
});

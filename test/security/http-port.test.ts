/** What a stranger may try on the port of the API: no path, header or body leads past the token, or to a fault of ours. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createExampleApi } from "../collector/api/example-api.ts";
import { HOSTILE } from "./hostile-text.ts";

const SECRET = "the file beside the console";
const DATA = /prod-a|the file beside|root:/;

describe("security/http-port", { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "etcdscope-http-"));
  mkdirSync(join(folder, "dist"));
  writeFileSync(join(folder, "dist/index.html"), "<!doctype html>console");
  writeFileSync(join(folder, "secret.html"), SECRET);
  const guarded = createExampleApi({
    consoleFolder: join(folder, "dist"),
    http: {
      host: "127.0.0.1",
      port: 0,
      tls: undefined,
      tokens: [{ name: "ops", sha256: createHash("sha256").update("right").digest("hex"), role: "viewer" }],
    },
  });
  const open = createExampleApi();
  let port = 0;

  beforeAll(async () => {
    await open.app.ready();
    await guarded.app.listen({ host: "127.0.0.1", port: 0 });
    port = (guarded.app.server.address() as AddressInfo).port;
  }, 60_000);
  afterAll(async () => {
    await Promise.all([guarded.app.close(), open.app.close()]);
    rmSync(folder, { recursive: true, force: true });
  });

  /** All that comes back for these bytes, as they are, until the server closes. */
  function send(bytes: string): Promise<string> {
    return new Promise((resolve) => {
      let answer = "";
      const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
      socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(answer));
    });
  }

  it.each([
    "/api/v1/clusters",
    "//api/v1/clusters",
    "/api//v1/clusters",
    "/api/v1/clusters/",
    "/api/v1/./clusters",
    "/api/v1/x/../clusters",
    "/API/V1/CLUSTERS",
    "/%61pi/v1/clusters",
    "/api%2fv1%2fclusters",
    "/healthz/../api/v1/clusters",
    "/healthz;/../api/v1/clusters",
    "/healthz%00/api/v1/clusters",
    "/healthz?x=/api/v1/clusters",
    "/healthz#/api/v1/clusters",
    "http://127.0.0.1/api/v1/clusters",
    "/assets/../secret.html",
    "/assets/..%2fsecret.html",
    "/assets/%2e%2e/secret.html",
    "/assets/..%5csecret.html",
    "/../secret.html",
    "/..%252fsecret.html",
    "/assets//etc/passwd",
  ])("gives no data for the path %s without a token", async (path) => {
    const answer = await send(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 [2345]/);
    expect(answer).not.toMatch(DATA);
    expect(answer).not.toMatch(/^HTTP\/1\.1 5/);
  });

  it.each([
    "X-Original-URL: /healthz",
    "X-Rewrite-URL: /healthz",
    "X-HTTP-Method-Override: HEAD",
    "X-Forwarded-For: 127.0.0.1",
    "X-Forwarded-User: admin",
    "Forwarded: for=127.0.0.1;by=admin",
    "Authorization: Bearer wrong\r\nAuthorization: Bearer right",
    "Authorization: Bearer",
    "Authorization: bearer\tright",
    "Authorization : Bearer right",
    "Cookie: token=right",
    "Connection: Authorization",
    `X-Long: ${"a".repeat(500)}`,
    "Expect: 100-continue",
    "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings",
  ])("gives no data for the header %s", async (header) => {
    const answer = await send(
      `GET /api/v1/clusters HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${header}\r\n\r\n`,
    );
    expect(answer.replace("HTTP/1.1 100 Continue\r\n\r\n", "")).toMatch(/^HTTP\/1\.1 4/);
    expect(answer).not.toMatch(DATA);
  });

  it("takes no second request out of the body of a first one", async () => {
    const hidden = "GET /api/v1/clusters HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer right\r\n\r\n";
    for (const lengths of [
      `Content-Length: ${hidden.length}\r\nTransfer-Encoding: chunked`,
      `Content-Length: 0\r\nContent-Length: ${hidden.length}`,
      "Transfer-Encoding: chunked, identity",
      "Transfer-Encoding: xchunked",
      "Content-Length: +5",
    ]) {
      const answer = await send(`POST /healthz HTTP/1.1\r\nHost: a\r\n${lengths}\r\n\r\n0\r\n\r\n${hidden}`);
      expect(answer).toMatch(/^HTTP\/1\.1 4/);
      expect(answer).not.toMatch(DATA);
    }
  });

  it("unpacks no body: a bomb is refused by its size on the wire, or not looked at", async () => {
    const bomb = gzipSync(Buffer.alloc(60 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(64 * 1024);
    const before = process.memoryUsage.rss();
    for (const url of ["/api/v1/clusters/prod-a/compare-data", "/api/v1/clusters"]) {
      const answer = await open.app.inject({
        method: "POST",
        url,
        headers: { "content-encoding": "gzip", "content-type": "application/json" },
        payload: bomb,
      });
      expect(answer.statusCode).toBeGreaterThanOrEqual(400);
      expect(answer.statusCode).toBeLessThan(500);
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan(55 * 1024 * 1024);
  });

  it("answers hostile words in every place of a path and a query with a refusal, never a fault", async () => {
    const description = (await open.app.inject("/openapi.json")).json<{
      paths: Record<string, { get?: { parameters?: { name: string; in: string }[] } }>;
    }>();
    let asked = 0;
    for (const [path, { get }] of Object.entries(description.paths)) {
      const parameters = get?.parameters ?? [];
      if (get === undefined || path.endsWith("/stream")) {
        continue;
      }
      for (const word of HOSTILE.filter((one) => one.isWellFormed())) {
        const encoded = encodeURIComponent(word);
        const attacked = path
          .replace("{cluster}", asked % 2 === 0 ? "prod-a" : encoded)
          .replaceAll(/\{[^}]+\}/g, encoded);
        const query = parameters.filter((one) => one.in === "query").map(({ name }) => `${name}=${encoded}`);
        for (const url of [attacked, ...query.map((one) => `${attacked}?${one}`)]) {
          const { statusCode, headers } = await open.app.inject(url);
          expect([url, statusCode < 500]).toEqual([url, true]);
          expect(headers["x-content-type-options"]).toBe("nosniff");
          asked += 1;
        }
      }
    }
    expect(asked).toBeGreaterThan(300);
    expect(open.errors).toEqual([]);
  });
});

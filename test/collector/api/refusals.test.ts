import { createHash } from "node:crypto";
import { connect, type AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EtcdscopeError } from "../../../shared/errors.ts";
import type { Problem } from "../../../shared/rest.ts";
import { createExampleApi } from "./example-api.ts";
import { createSource } from "./example-source.ts";

const { app, errors } = createExampleApi();
// What the schemas compile to takes its time on a busy machine.
beforeAll(async () => {
  await app.ready();
}, 60_000);
afterAll(() => app.close());

const A = "/api/v1/clusters/prod-a";

describe("collector/api/problem", () => {
  const CASES: readonly (readonly [string, number, string | undefined, string])[] = [
    ["/api/v1/clusters?limt=1", 400, "limt", 'limt: unknown parameter, did you mean "limit"?'],
    ["/api/v1/clusters?limit=0", 400, "limit", "limit: must be >= 1"],
    ["/api/v1/clusters?limit=1001", 400, "limit", "limit: must be <= 1000"],
    ["/api/v1/clusters?limit=ten", 400, "limit", "limit: must be integer"],
    ["/api/v1/clusters?limit=1&limit=2", 400, "limit", "limit: must be integer"],
    ["/api/v1/clusters?cursor=xx", 400, "cursor", "cursor: expected the nextCursor of an earlier answer"],
    ["/api/v1/clusters/prod-c", 404, "cluster", 'No cluster "prod-c"; known: prod-a, prod-b'],
    [`${A}?at=yesterday`, 400, "at", 'at: expected RFC 3339 such as 2026-11-22T03:12:09Z, got "yesterday"'],
    [
      `${A}?at=2026-11-22T03:00:00+08:00`,
      400,
      "at",
      'at: expected RFC 3339 such as 2026-11-22T03:12:09Z, got "2026-11-22T03:00:00 08:00" (write + as %2B)',
    ],
    [
      `${A}?at=2027-01-01T00:00:00Z`,
      400,
      "at",
      "at: expected a time that has passed (it is 2026-11-22T03:16:10.000Z), got 2027-01-01T00:00:00Z",
    ],
    [
      `${A}?at=2026-11-22T01:00:00Z`,
      404,
      "at",
      'The history holds nothing of "prod-a" at 2026-11-22T01:00:00.000Z',
    ],
    [`${A}/findings?active=perhaps`, 400, "active", "active: must be boolean"],
    [`${A}/findings?to=2026-11-22T01:00:00Z`, 400, "from", "from: is required with to"],
    [
      `${A}/findings?from=2026-11-22T02:00:00Z&to=2026-11-22T01:00:00Z`,
      400,
      "from",
      "from: expected a time before to (2026-11-22T01:00:00.000Z), got 2026-11-22T02:00:00.000Z",
    ],
    [
      `${A}/series/nope`,
      404,
      "metric",
      'No metric "nope"; known: etcd_status_db_size_bytes, newer_agents_metric_total',
    ],
    [`${A}/series/etcd_status_db_size_bytes?node=m9`, 404, "node", 'No node "m9"; known: m1, m2'],
    [`${A}/series/etcd_status_db_size_bytes?points=5001`, 400, "points", "points: must be <= 5000"],
    [`${A}/series/etcd_status_db_size_bytes?points=0`, 400, "points", "points: must be >= 1"],
    [`${A}/runbooks/DISK_FULL?member=m9`, 404, "member", 'No member "m9"; known: m1, m2, m3'],
    [`${A}/runbooks/DISK_FULL?lang=de`, 400, "lang", "lang: must be equal to one of the allowed values"],
    ["/api/v1/nope", 404, undefined, "No endpoint at /api/v1/nope; see /openapi.json"],
    ["/api/v1/clusters/%E0%A4%A", 400, undefined, "'/api/v1/clusters/%E0%A4%A' is not a valid url component"],
    [`/${"x".repeat(9000)}`, 414, undefined, "Expected a URL of at most 8192 characters, got 9001"],
  ];
  it.each(CASES)("answers GET %s with %d", async (url, ...[status, field, detail]) => {
    const answer = await app.inject(url);
    expect(answer.headers["content-type"]).toContain("application/problem+json");
    const problem = answer.json<Problem>();
    expect(problem).toMatchObject({ type: "about:blank", status, detail });
    expect(problem.field).toBe(field);
    expect(answer.statusCode).toBe(status);
  });

  it.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const)(
    "answers %s with 405 and what is allowed",
    async (method) => {
      const answer = await app.inject({ method, url: "/api/v1/clusters" });
      expect(answer.statusCode).toBe(405);
      expect(answer.headers["allow"]).toBe("GET, HEAD");
      expect((await app.inject({ method, url: "/api/v1/nope" })).statusCode).toBe(404);
    },
  );

  it("refuses a body past its limit before it reads it", async () => {
    const answer = await app.inject({ method: "POST", url: "/api/v1/clusters", payload: "x".repeat(70_000) });
    expect(answer.statusCode).toBe(413);
  });

  it("sends the security headers with answers and problems alike", async () => {
    for (const url of ["/api/v1/clusters", "/nope", "/api/v1/clusters/%E0%A4%A"]) {
      const { headers } = await app.inject(url);
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["cache-control"]).toBe(url === "/api/v1/clusters" ? "private, no-cache" : "no-store");
      expect(headers["content-security-policy"]).toContain("default-src 'none'");
    }
  });

  it("says 503 while the history cannot answer, and keeps an unexpected fault to the log", async () => {
    let fault: Error = new EtcdscopeError("STORAGE_FAILED", "The history cannot be read");
    const broken = createExampleApi({
      source: { ...createSource(), connectivity: async () => Promise.reject(fault) },
    });
    const storage = await broken.app.inject(`${A}/connectivity`);
    expect([storage.statusCode, storage.headers["retry-after"]]).toEqual([503, "5"]);
    expect(storage.json<Problem>().detail).toBe("The history cannot be read");
    expect(broken.errors).toEqual([]);
    fault = new TypeError("a secret of the code");
    const unexpected = await broken.app.inject(`${A}/connectivity`);
    expect(unexpected.statusCode).toBe(500);
    expect(unexpected.body).not.toContain("secret");
    expect(broken.errors).toHaveLength(1);
    await broken.app.close();
  });

  it("says why it is not ready", async () => {
    const source = { ...createSource(), readiness: () => ({ ready: false, reasons: ["the disk is full"] }) };
    const notReady = createExampleApi({ source });
    const answer = await notReady.app.inject("/readyz");
    expect([answer.statusCode, answer.json<Problem>().detail]).toEqual([503, "Not ready: the disk is full"]);
    await notReady.app.close();
  });

  it("has not logged a client's mistake as a fault of its own", () => {
    expect(errors).toEqual([]);
  });
});

describe("collector/api/token-check", () => {
  const sha256 = createHash("sha256").update("viewer-token").digest("hex");
  const guarded = createExampleApi({
    http: {
      host: "127.0.0.1",
      port: 0,
      tls: undefined,
      tokens: [{ name: "ops", sha256, role: "viewer" }],
    },
  });
  guarded.app.get("/admin", { config: { role: "admin" } }, async () => "done");
  afterAll(() => guarded.app.close());

  async function ask(url: string, authorization?: string): Promise<number> {
    const answer = await guarded.app.inject({
      url,
      headers: authorization === undefined ? {} : { authorization },
    });
    return answer.statusCode;
  }

  it("lets in who has the token", async () => {
    expect(await ask("/api/v1/clusters", "Bearer viewer-token")).toBe(200);
    expect(await ask("/metrics", "bearer viewer-token")).toBe(200);
  });

  it.each([
    undefined,
    "",
    "Bearer",
    "Bearer wrong",
    "Basic dmlld2VyLXRva2Vu",
    `Bearer ${sha256}`,
    `Bearer ${"x".repeat(2000)}`,
  ])("answers 401 to %j", async (authorization) => {
    expect(await ask("/api/v1/clusters", authorization)).toBe(401);
    expect(await ask("/api/v1/clusters/prod-a/series?nonsense=1", authorization)).toBe(401);
  });

  it("says how to prove oneself", async () => {
    const answer = await guarded.app.inject("/api/v1/clusters");
    expect(answer.headers["www-authenticate"]).toBe('Bearer realm="etcdscope"');
    expect(answer.headers["content-type"]).toContain("application/problem+json");
  });

  it("answers 403 where the role is too small", async () => {
    const answer = await guarded.app.inject({
      url: "/admin",
      headers: { authorization: "Bearer viewer-token" },
    });
    expect(answer.statusCode).toBe(403);
    expect(answer.json<Problem>().detail).toBe('The token "ops" has the role viewer; this needs admin');
  });

  it("tells anybody that it is alive and what it offers", async () => {
    expect(await ask("/healthz")).toBe(200);
    expect(await ask("/readyz")).toBe(200);
    expect(await ask("/openapi.json")).toBe(200);
    expect(await ask("/metrics")).toBe(401);
  });
});

describe("collector/api/client-error", () => {
  let port = 0;
  const listening = createExampleApi();
  beforeAll(async () => {
    await listening.app.listen({ host: "127.0.0.1", port: 0 });
    port = (listening.app.server.address() as AddressInfo).port;
  });
  afterAll(() => listening.app.close());

  /** All that comes back for these bytes until the server closes. */
  function send(bytes: string | Buffer): Promise<string> {
    return new Promise((resolve) => {
      let answer = "";
      const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
      socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(answer));
    });
  }

  it("answers bytes that are no HTTP, and lives on", async () => {
    expect(await send("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")).toMatch(/^HTTP\/1\.1 400 /);
    expect(await send("GET / HTTP/1.1\r\nbad header\r\n\r\n")).toContain("application/problem+json");
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  });

  it("tells a long URL from long headers", async () => {
    expect(await send(`GET /${"x".repeat(100_000)} HTTP/1.1\r\nHost: a\r\n\r\n`)).toMatch(/^HTTP\/1\.1 414 /);
    expect(await send(`GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(100_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    );
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  });
});

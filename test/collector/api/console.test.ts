/** The console's files over HTTP: policy, caching, compression, and a page that says how to build it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createExampleApi } from "./example-api.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "etcdscope-console-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function writeBuild(script: string): void {
  mkdirSync(join(folder, "assets"), { recursive: true });
  writeFileSync(join(folder, "assets/index-AAAA.js"), script);
  writeFileSync(join(folder, "assets/index-AAAA.js.gz"), gzipSync(script));
  writeFileSync(join(folder, ".sources"), "secret");
  writeFileSync(join(folder, "index.html"), "<!doctype html><title>etcdscope</title>");
}

describe("collector/api/console", () => {
  it("says how to build the console when it is not there", async () => {
    const { app } = createExampleApi({ consoleFolder: folder });
    const answer = await app.inject("/");
    expect(answer.statusCode).toBe(200);
    expect(answer.headers["content-type"]).toContain("text/html");
    expect(answer.body).toContain("npm run console");
  });

  it("serves the page under a policy without anything inline or from elsewhere", async () => {
    writeBuild("1");
    const { app } = createExampleApi({ consoleFolder: folder });
    const answer = await app.inject("/");
    expect(answer.body).toContain("<title>etcdscope</title>");
    const policy = String(answer.headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toMatch(/unsafe|\*|http/);
    expect(answer.headers["cache-control"]).toBe("no-cache");
    const { etag } = answer.headers;
    const again = await app.inject({ url: "/", headers: { "if-none-match": String(etag) } });
    expect(again.statusCode).toBe(304);
  });

  it("gives assets for ever, compressed for those who can read that", async () => {
    writeBuild("let answer = 42;");
    const { app } = createExampleApi({ consoleFolder: folder });
    const plain = await app.inject("/assets/index-AAAA.js");
    expect(plain.body).toBe("let answer = 42;");
    expect(plain.headers["cache-control"]).toContain("immutable");
    expect(plain.headers["content-type"]).toContain("text/javascript");
    const zipped = await app.inject({
      url: "/assets/index-AAAA.js",
      headers: { "accept-encoding": "gzip, br" },
    });
    expect(zipped.headers["content-encoding"]).toBe("gzip");
    expect(zipped.headers["vary"]).toContain("accept-encoding");
    expect(gunzipSync(zipped.rawPayload).toString()).toBe("let answer = 42;");
  });

  it("finds a build that is made while the collector runs", async () => {
    const { app } = createExampleApi({ consoleFolder: folder });
    expect((await app.inject("/assets/index-AAAA.js")).statusCode).toBe(404);
    writeBuild("1");
    expect((await app.inject("/assets/index-AAAA.js")).statusCode).toBe(200);
  });

  it("gives nothing but what was built", async () => {
    writeBuild("1");
    const { app } = createExampleApi({ consoleFolder: folder });
    for (const url of [
      "/assets/.sources",
      "/assets/..%2F.sources",
      "/assets/index-AAAA.js.gz",
      "/.sources",
    ]) {
      expect((await app.inject(url)).statusCode, url).toBe(404);
    }
  });

  it("asks for no token: the page holds no data", async () => {
    writeBuild("1");
    const http = {
      host: "127.0.0.1",
      port: 0,
      tls: undefined,
      tokens: [{ name: "ops", sha256: "0".repeat(64), role: "viewer" as const }],
    };
    const { app } = createExampleApi({ consoleFolder: folder, http });
    expect((await app.inject("/")).statusCode).toBe(200);
    expect((await app.inject("/api/v1/clusters")).statusCode).toBe(401);
  });
});

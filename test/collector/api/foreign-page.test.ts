import { describe, expect, it } from "vitest";
import { assertNotForeignPage } from "../../../collector/api/foreign-page.ts";
import { createExampleApi } from "./example-api.ts";

function isRefused(method: string, headers: Readonly<Record<string, string>>, isOpen: boolean): boolean {
  try {
    assertNotForeignPage({ method, headers, isOpen });
    return false;
  } catch {
    return true;
  }
}

describe("collector/api/foreign-page", () => {
  it.each(["localhost", "localhost:8080", "127.0.0.1:8080", "127.9.8.7", "[::1]:8080", "a.localhost:1"])(
    "answers to the name %s without tokens",
    (host) => expect(isRefused("GET", { host }, true)).toBe(false),
  );

  it.each(["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", ""])(
    "does not answer to the name %j without tokens, and does where a token is asked for",
    (host) => {
      expect(isRefused("GET", { host }, true)).toBe(true);
      expect(isRefused("GET", { host }, false)).toBe(false);
    },
  );

  it("lets pages of its own site ask for more than to read, and no others", () => {
    const host = "etcdscope.example:8080";
    expect(isRefused("POST", { host, origin: `https://${host}` }, false)).toBe(false);
    expect(isRefused("POST", { host, origin: "https://evil.example" }, false)).toBe(true);
    expect(isRefused("POST", { host, origin: "null" }, false)).toBe(true);
    expect(isRefused("POST", { host }, false)).toBe(false);
    expect(isRefused("GET", { host, origin: "https://evil.example" }, false)).toBe(false);
  });

  it("says why", async () => {
    const { app } = createExampleApi();
    const answer = await app.inject({ url: "/api/v1/clusters", headers: { host: "evil.example" } });
    expect([answer.statusCode, answer.json<{ detail: string }>().detail]).toEqual([
      403,
      'Without tokens only the names of loopback are answered (localhost, 127.0.0.1), got Host "evil.example"',
    ]);
    await app.close();
  });
});

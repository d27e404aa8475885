import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createExampleApi } from "./example-api.ts";
import { createFailureGate, FAILURES_A_MINUTE } from "../../../collector/api/failure-gate.ts";

describe("collector/api/failure-gate", () => {
  it("lets an address wait after too many failures, for a minute, and nobody else", () => {
    const gate = createFailureGate();
    for (let count = 0; count < FAILURES_A_MINUTE; count += 1) {
      gate.assertMayTry("10.0.0.1", 1000);
      gate.failed("10.0.0.1", 1000);
    }
    expect(() => gate.assertMayTry("10.0.0.1", 60_999)).toThrow("wait a minute");
    gate.assertMayTry("10.0.0.2", 1000);
    gate.assertMayTry("10.0.0.1", 61_000);
    gate.assertMayTry("10.0.0.1", -60_000);
  });

  it("keeps no more addresses than it may", () => {
    const gate = createFailureGate();
    for (let count = 0; count < FAILURES_A_MINUTE; count += 1) {
      gate.failed("first", 0);
    }
    for (let other = 0; other < 10_000; other += 1) {
      gate.failed(`other-${other}`, 0);
    }
    gate.assertMayTry("first", 0);
  });
});

describe("collector/api/create-api", () => {
  it("answers 429 to who goes on guessing, and keeps a good token out of that address as well", async () => {
    const sha256 = createHash("sha256").update("good").digest("hex");
    const { app } = createExampleApi({
      http: { host: "127.0.0.1", port: 0, tls: undefined, tokens: [{ name: "ops", sha256, role: "viewer" }] },
    });
    const ask = async (token: string): Promise<{ statusCode: number; headers: object }> =>
      await app.inject({ url: "/api/v1/clusters", headers: { authorization: `Bearer ${token}` } });
    expect((await ask("good")).statusCode).toBe(200);
    for (let guess = 0; guess < FAILURES_A_MINUTE; guess += 1) {
      expect((await ask(`guess-${guess}`)).statusCode).toBe(401);
    }
    const slowed = await ask("good");
    expect(slowed.statusCode).toBe(429);
    expect(slowed.headers).toMatchObject({ "retry-after": "60" });
    await app.close();
  });
});

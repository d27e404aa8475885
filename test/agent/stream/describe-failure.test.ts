import { describe, expect, it } from "vitest";
import { describeFailure, type OwnCertificate } from "../../../agent/stream/describe-failure.ts";

const nowMs = Date.parse("2026-11-22T03:00:00Z");
const good: OwnCertificate = { path: "/etc/a.crt", notBeforeMs: nowMs - 1, notAfterMs: nowMs + 1 };
const expired: OwnCertificate = { ...good, notAfterMs: nowMs - 1000 };
const early: OwnCertificate = { ...good, notBeforeMs: nowMs + 1000 };
const closed = "Connection closed";

describe("agent/stream/describe-failure", () => {
  it.each([
    ["connect ECONNREFUSED 127.0.0.1:7443", good, "connect ECONNREFUSED 127.0.0.1:7443"],
    ["self-signed certificate in certificate chain", good, "self-signed certificate in certificate chain"],
    ["Connection dropped", good, "Connection dropped"],
    ["", good, "The stream ended without a reason"],
    [
      closed,
      good,
      "The collector closed the connection after TLS began: it may not trust this agent's certificate, its log says why",
    ],
    [
      closed,
      undefined,
      "The collector closed the connection after TLS began: it may not trust this agent's certificate, its log says why",
    ],
    [
      "read ECONNRESET",
      good,
      "The collector closed the connection after TLS began: it may not trust this agent's certificate, its log says why",
    ],
    [
      closed,
      expired,
      "The collector closed the connection: this agent's certificate /etc/a.crt has expired on 2026-11-22T02:59:59.000Z",
    ],
    [
      closed,
      early,
      "The collector closed the connection: this agent's certificate /etc/a.crt is valid from 2026-11-22T03:00:01.000Z only",
    ],
    [
      "read ECONNRESET",
      expired,
      "The collector closed the connection: this agent's certificate /etc/a.crt has expired on 2026-11-22T02:59:59.000Z",
    ],
  ])("says of %j what it means", (details, own, want) => {
    expect(describeFailure(details, own, nowMs)).toBe(want);
  });
});

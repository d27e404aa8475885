import { describe, expect, it } from "vitest";
import { describeFailure, type OwnCertificate } from "../../../agent/stream/describe-failure.ts";

const nowMs = Date.parse("2026-11-22T03:00:00Z");
const good: OwnCertificate = { path: "/etc/a.crt", notBeforeMs: nowMs - 1, notAfterMs: nowMs + 1 };
const expired: OwnCertificate = { ...good, notAfterMs: nowMs - 1000 };
const early: OwnCertificate = { ...good, notBeforeMs: nowMs + 1000 };
const closed =
  "No connection established. Last error: Failed to connect (2026-11-23T00:07:57.975Z). Resolution note: ";

describe("agent/stream/describe-failure", () => {
  it.each([
    [
      "No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:7443. Resolution note: ",
      good,
      "connect ECONNREFUSED 127.0.0.1:7443",
    ],
    [
      "No connection established. Last error: Error: self-signed certificate in certificate chain. Resolution note: ",
      good,
      "self-signed certificate in certificate chain",
    ],
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
      "read ECONNRESET (2026-11-23T00:07:57.975Z)",
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
      "read ECONNRESET (2026-11-23T00:07:57.975Z)",
      expired,
      "The collector closed the connection: this agent's certificate /etc/a.crt has expired on 2026-11-22T02:59:59.000Z",
    ],
  ])("says of %j what it means", (details, own, want) => {
    expect(describeFailure(details, own, nowMs)).toBe(want);
  });
});

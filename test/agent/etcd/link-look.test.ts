import { describe, expect, it } from "vitest";
import { describeFailure, describeSuccess } from "../../../agent/etcd/link-look.ts";
import type { Attempt } from "../../../agent/etcd/link-look.ts";
import { EtcdscopeError } from "../../../shared/errors.ts";
import type { ErrorCode } from "../../../shared/errors.ts";

const ATTEMPT: Attempt = {
  address: "10.0.0.2:2379",
  remoteIp: undefined,
  isTls: true,
  phase: "open",
  isReused: false,
};

function layers(attempt: Partial<Attempt>, code: ErrorCode, reason: string): readonly string[] {
  const look = describeFailure({ ...ATTEMPT, ...attempt }, new EtcdscopeError(code, "x", { reason }));
  return [look.tcp, look.tls, look.http];
}

describe("agent/etcd/link-look", () => {
  it("holds every layer for well after an answer", () => {
    expect(describeSuccess(ATTEMPT, 900)).toMatchObject({
      tcp: "ok",
      tls: "ok",
      http: "ok",
      roundTripUs: 900,
    });
    expect(describeSuccess({ ...ATTEMPT, isTls: false }, 900)).toMatchObject({ tls: "absent" });
  });

  const cases: readonly (readonly [string, Partial<Attempt>, ErrorCode, string, readonly string[]])[] = [
    ["a refused connect", { phase: "tcp" }, "UNAVAILABLE", "refused", ["failed", "unknown", "unknown"]],
    ["a silent handshake", { phase: "tls" }, "TIMED_OUT", "timeout", ["ok", "failed", "unknown"]],
    [
      "our certificate refused after the handshake",
      {},
      "TLS_FAILED",
      "tls_rejected",
      ["ok", "failed", "unknown"],
    ],
    ["no answer on a new connection", {}, "TIMED_OUT", "timeout", ["ok", "ok", "failed"]],
    ["no answer on an old one", { isReused: true }, "TIMED_OUT", "timeout", ["unknown", "unknown", "failed"]],
    ["a gRPC error", { isReused: true }, "UNAVAILABLE", "no_leader", ["ok", "ok", "failed"]],
    [
      "plain text refused",
      { phase: "tcp", isTls: false },
      "UNAVAILABLE",
      "refused",
      ["failed", "absent", "unknown"],
    ],
    [
      "nothing tried",
      { phase: "tcp" },
      "UNAUTHENTICATED",
      "no_certificate",
      ["unknown", "unknown", "unknown"],
    ],
  ];
  it.each(cases)("says what %s shows of each layer", (_, attempt, code, reason, expected) => {
    expect(layers(attempt, code, reason)).toEqual(expected);
  });
});

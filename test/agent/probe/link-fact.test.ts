import { describe, expect, it } from "vitest";
import type { LinkLook } from "../../../agent/etcd/link-look.ts";
import { LinkFactKeeper } from "../../../agent/probe/link-fact.ts";
import type { LinkFact } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { memberNamed } from "./fake-etcd.ts";

const LOOK: LinkLook = {
  address: "m2.example:2380",
  remoteIp: "10.0.0.2",
  tcp: "ok",
  tls: "ok",
  http: "ok",
  error: undefined,
  roundTripUs: undefined,
};

describe("agent/probe/link-fact", () => {
  it("tells a name service that takes more than a second, without beginning the link's state anew", () => {
    const keeper = new LinkFactKeeper("peer");
    const member = memberNamed("m2", 2n);
    const settle = (lookupMs: number, nowMs: number): LinkFact => {
      const look = { ...LOOK, lookupMs };
      const large = { state: "absent", text: "" } as const;
      return keeper.settle({ member, look, kernel: undefined, large }, nowMs).body.value as LinkFact;
    };
    const quick = settle(3, 1000);
    expect(quick.slowLookupMs).toBe(0);
    expect(settle(40, 2000)).toBe(quick);
    const slow = settle(1400, 3000);
    expect(slow).toMatchObject({ slowLookupMs: 1400, sinceUnixMs: 1000n });
    // A number that moves is not a change.
    expect(settle(1450, 4000)).toBe(slow);
    expect(settle(3, 5000)).toMatchObject({ slowLookupMs: 0, sinceUnixMs: 1000n });
  });
});

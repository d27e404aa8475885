import { describe, expect, it } from "vitest";
import { parseAlarms } from "../../../agent/probe/parse-alarms.ts";

describe("agent/probe/parse-alarms", () => {
  it("tells the raised alarms in an order of their own, whatever etcd's", () => {
    expect(
      parseAlarms([
        "memberID:10276657743932975437 alarm:NOSPACE",
        "etcdserver: no leader",
        "alarm:CORRUPT",
        "memberID:42 alarm:NOSPACE",
      ]),
    ).toEqual([
      { memberId: 0n, kind: "CORRUPT" },
      { memberId: 42n, kind: "NOSPACE" },
      { memberId: 0x8e9e05c52164694dn, kind: "NOSPACE" },
    ]);
  });

  it("takes nothing else for an alarm", () => {
    expect(parseAlarms(["etcdserver: no leader", "memberID:x alarm:NOSPACE", "alarm:", ""])).toEqual([]);
  });
});

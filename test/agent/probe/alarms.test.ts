import { describe, expect, it } from "vitest";
import { createAlarmsProbe } from "../../../agent/probe/alarms.ts";
import { fakeEtcd } from "./fake-etcd.ts";
import { probeContext } from "./probe-context.ts";

describe("agent/probe/alarms", () => {
  it("tells the raised alarms in an order of their own, whatever etcd's", async () => {
    const alarms = [
      { memberId: 2n, kind: "NOSPACE" },
      { memberId: 1n, kind: "NOSPACE" },
      { memberId: 1n, kind: "CORRUPT" },
    ];
    const etcd = fakeEtcd({ alarms: () => Promise.resolve(alarms) });
    const { facts } = await createAlarmsProbe().run(probeContext({ etcd }));
    expect(facts).toMatchObject([
      {
        key: "alarms",
        body: {
          value: {
            alarms: [
              { memberId: 1n, kind: "CORRUPT" },
              { memberId: 1n, kind: "NOSPACE" },
              { memberId: 2n, kind: "NOSPACE" },
            ],
          },
        },
      },
    ]);
  });
});

import { describe, expect, it } from "vitest";
import { createMembersProbe } from "../../../agent/probe/members.ts";
import { fakeEtcd, memberNamed } from "./fake-etcd.ts";
import { probeContext } from "./probe-context.ts";

describe("agent/probe/members", () => {
  it("tells the membership as the own member holds it", async () => {
    const members = [memberNamed("m1", 1n), { ...memberNamed("", 9n), isLearner: true }];
    const etcd = fakeEtcd({ memberList: () => Promise.resolve({ clusterId: 77n, members }) });
    const { facts } = await createMembersProbe().run(probeContext({ etcd }));
    expect(facts).toMatchObject([
      {
        key: "member_list",
        body: {
          value: {
            clusterId: 77n,
            members: [
              {
                id: 1n,
                name: "m1",
                peerUrls: ["https://10.0.0.1:2380"],
                clientUrls: ["https://10.0.0.1:2379"],
              },
              { id: 9n, name: "", isLearner: true },
            ],
          },
        },
      },
    ]);
  });
});

import { describe, expect, it } from "vitest";
import { MemberDirectory } from "../../../agent/etcd/member-directory.ts";
import { configWith, etcdWith, flagsWith } from "./example-etcd.ts";

function member(id: bigint, name: string): Parameters<MemberDirectory["setList"]>[0][number] {
  return {
    id,
    name,
    peerUrls: [`https://${name}:2380`],
    clientUrls: [`https://${name}:2379`],
    isLearner: false,
  };
}

function namesOf(directory: MemberDirectory, etcd = etcdWith()): readonly string[] {
  return directory.others(etcd).map((one) => one.name);
}

describe("agent/etcd/member-directory", () => {
  it("leaves out the own member by its id, whatever its name", () => {
    const directory = new MemberDirectory(configWith());
    directory.setOwnId(3n);
    directory.setList([member(1n, "m1"), member(2n, "m2"), member(3n, "renamed")]);
    expect(namesOf(directory)).toEqual(["m1", "m2"]);
  });

  it("leaves out the own member by its name while its id is not known", () => {
    const directory = new MemberDirectory(configWith());
    directory.setList([member(1n, "m1"), member(2n, "m2")]);
    expect(namesOf(directory)).toEqual(["m2"]);
  });

  it("leaves out members without a name, and doubles", () => {
    const directory = new MemberDirectory(configWith());
    directory.setList([member(1n, "m1"), member(2n, ""), member(3n, "m3"), member(4n, "m3")]);
    expect(directory.others(etcdWith()).map((one) => one.id)).toEqual([3n]);
  });

  it("guesses from --initial-cluster and the configuration before a list came", () => {
    const etcd = etcdWith({
      flags: flagsWith({ all: { "initial-cluster": "m1=https://10.0.0.1:2380,m2=https://10.0.0.2:2380" } }),
    });
    const directory = new MemberDirectory(configWith({}, { m3: "10.0.0.3" }));
    expect(directory.others(etcd)).toEqual([
      expect.objectContaining({
        name: "m2",
        peerUrls: ["https://10.0.0.2:2380"],
        clientUrls: ["https://10.0.0.2:2379"],
      }),
      expect.objectContaining({
        name: "m3",
        peerUrls: ["https://10.0.0.3:2380"],
        clientUrls: ["https://10.0.0.3:2379"],
      }),
    ]);
  });

  it("guesses no client port for a member on the own host: the own port would answer for it", () => {
    const cluster = "m1=https://127.0.0.1:1380,m2=https://127.0.0.1:2380";
    const etcd = etcdWith({
      flags: flagsWith({
        all: { "initial-cluster": cluster },
        advertiseClientUrls: ["https://127.0.0.1:1379"],
      }),
    });
    expect(new MemberDirectory(configWith()).others(etcd)).toMatchObject([
      { name: "m2", peerUrls: ["https://127.0.0.1:2380"], clientUrls: [] },
    ]);
  });

  it("looks at 32 others at most", () => {
    const directory = new MemberDirectory(configWith());
    directory.setList(Array.from({ length: 50 }, (_, index) => member(BigInt(index + 10), `n${index}`)));
    expect(namesOf(directory)).toHaveLength(32);
  });

  it("knows nobody before anything is known", () => {
    expect(new MemberDirectory(configWith()).others(undefined)).toEqual([]);
  });
});

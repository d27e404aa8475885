import { describe, expect, it } from "vitest";

import { chooseEtcd } from "../../../agent/discovery/choose-etcd.ts";
import type { DiscoveredEtcd } from "../../../agent/discovery/discovered-etcd.ts";
import { resolveFlags } from "../../../agent/discovery/resolve-flags.ts";

function etcd(name: string, pid = 1): DiscoveredEtcd {
  const flags = resolveFlags({ name, "data-dir": `/data/${name}` }, "/");
  return { pid, startedAtMs: 0, executable: "/usr/bin/etcd", flags, rootPrefix: "" };
}

const ANY = { name: undefined, dataDir: undefined };

describe("agent/discovery/choose-etcd", () => {
  it("takes the only one when nothing is asked for", () => {
    expect(chooseEtcd([etcd("m1")], ANY, undefined)).toMatchObject({
      chosen: { flags: { name: "m1" } },
      note: "",
    });
  });

  it("says what it saw when it cannot choose", () => {
    const f = (names: readonly string[], wanted: Partial<typeof ANY> | object, want: string): void => {
      const choice = chooseEtcd(
        names.map((name, index) => etcd(name, index + 1)),
        { ...ANY, ...wanted },
        undefined,
      );
      const isAmbiguous = /set etcd|several/.test(want);
      expect(choice).toEqual({ chosen: undefined, note: want, isAmbiguous });
    };
    const [m1, m2] = ["m1 (pid 1, /data/m1)", "m1 (pid 2, /data/m1)"];
    f([], {}, "no etcd process");
    f(
      ["m3", "m1", "m2"],
      {},
      `3 etcd processes: ${m2}, m2 (pid 3, /data/m2), m3 (pid 1, /data/m3); set etcd.name or etcd.dataDir`,
    );
    f(["m2"], { name: "m1" }, "1 etcd process: m2 (pid 1, /data/m2); none is named m1");
    f(["m1", "m1"], { name: "m1" }, `2 etcd processes: ${m1}, ${m2}; several are named m1`);
    f(["m2"], { dataDir: "/x" }, "1 etcd process: m2 (pid 1, /data/m2); none is with data directory /x");
  });

  it("chooses by name, by data directory, or both", () => {
    const found = [etcd("m1", 1), etcd("m2", 2)];
    expect(chooseEtcd(found, { ...ANY, name: "m2" }, undefined).chosen?.pid).toBe(2);
    expect(chooseEtcd(found, { ...ANY, dataDir: "/data/m1/" }, undefined).chosen?.pid).toBe(1);
    expect(chooseEtcd(found, { name: "m1", dataDir: "/data/m2" }, undefined).chosen).toBeUndefined();
  });

  it("knows the host's path of a container's data directory", () => {
    const contained = { ...etcd("m1"), rootPrefix: "/proc/1/root", hostPaths: { "/data/m1": "/srv/etcd" } };
    expect(chooseEtcd([contained], { ...ANY, dataDir: "/srv/etcd" }, undefined).chosen).toBe(contained);
  });

  it("finds the member that it watched among several, when it was started again", () => {
    const found = [etcd("m1", 11), etcd("m2", 12)];
    expect(chooseEtcd(found, ANY, etcd("m2", 2)).chosen?.pid).toBe(12);
    // Which of the others is meant is no question: it is none of them.
    expect(chooseEtcd(found, ANY, etcd("m3", 3))).toMatchObject({ chosen: undefined, isAmbiguous: false });
  });
});

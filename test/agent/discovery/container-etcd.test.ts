import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseDataRoot } from "../../../agent/discovery/docker-places.ts";
import { findConfiguredEtcd } from "../../../agent/discovery/find-configured-etcd.ts";
import { isReachable, pathOnHost } from "../../../agent/discovery/path-on-host.ts";
import { mapPodPaths } from "../../../agent/discovery/parse-manifest.ts";
import { parsePodmanContainer } from "../../../agent/discovery/parse-podman-container.ts";
import { parseDockerContainer } from "../../../agent/discovery/parse-docker-container.ts";
import type { HostDoor } from "../../../agent/host/host-door.ts";
import { createLinuxHost } from "../../../agent/host/linux-host.ts";
import { systemClock } from "../../../shared/clock.ts";
import { EtcdscopeError } from "../../../shared/errors.ts";

const FIXTURES = join(import.meta.dirname, "../../fixture/containers/docker-20.10.24");
const ANY = { name: undefined, dataDir: undefined };
const SIGNAL = new AbortController().signal;

function readFixture(name: string): string {
  return readFileSync(join(FIXTURES, name), "utf8");
}

/** The record of a container whose command is this. */
function recordOf(path: string, args: readonly string[], config: object = {}): string {
  return JSON.stringify({ Path: path, Args: args, Config: { Env: [], ...config }, State: {} });
}

/** Docker's containers by a letter, which 64 times is the id: "a" → its record. */
function hostWith(
  records: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
  root = "/var/lib/docker",
): HostDoor {
  const all = { ...files };
  for (const [letter, record] of Object.entries(records)) {
    all[`${root}/containers/${letter.repeat(64)}/config.v2.json`] = record;
  }
  const notThere = (path: string): Promise<never> =>
    Promise.reject(new EtcdscopeError("NOT_FOUND", `Nothing at ${path}`, { reason: "not_found" }));
  return {
    ...createLinuxHost({ clock: systemClock }),
    listDirectory: () => Promise.resolve([]),
    listFileNames: (path) =>
      path === `${root}/containers`
        ? Promise.resolve([...Object.keys(records).map((letter) => letter.repeat(64)), "tmp"])
        : notThere(path),
    readFileFacts: (path) =>
      all[path] === undefined ? notThere(path) : Promise.resolve({ modifiedAtMs: 1 } as never),
    readSmallFile: (path) => {
      const text = all[path];
      return text === undefined ? notThere(path) : Promise.resolve(Buffer.from(text));
    },
  };
}

describe("agent/discovery/parse-docker-container", () => {
  it("reads of Docker's record how an etcd is started, and where the host has its directories", () => {
    const etcd = parseDockerContainer(readFixture("etcd-killed.json"));
    expect(etcd).toMatchObject({
      given: { name: "s1", "data-dir": "/etcd-data", "wal-dir": "/wal/s1", "election-timeout": "2000" },
      directory: "/tmp",
      mounts: [
        { inside: "/etcd-data", outside: "/srv/etcd", volume: undefined },
        { inside: "/wal", outside: "/var/lib/docker/volumes/etcd-wal/_data", volume: "etcd-wal" },
      ],
      sharesNetwork: true,
      user: { uid: 0, gids: [0] },
      logPath: expect.stringMatching(/^\/var\/lib\/docker\/containers\/([0-9a-f]{64})\/\1-json\.log$/),
    });
    expect(parseDockerContainer(readFixture("etcd-failed.json"))?.user).toEqual({ uid: 1000, gids: [1001] });
    expect(parseDockerContainer(readFixture("running.json"))).toMatchObject({ sharesNetwork: false });
  });

  it("knows when it last changed, by what has happened", () => {
    const f = (name: string): string =>
      new Date(parseDockerContainer(readFixture(name))?.changedAtMs ?? 0).toISOString();
    expect(f("running.json")).toBe("2026-11-28T01:09:57.736Z");
    expect(f("restarting.json")).toBe("2026-11-28T01:09:55.351Z");
    expect(f("created.json")).toMatch(/^2026-11-28T01:/);
  });

  it.each([
    ["etcd's version", readFixture("etcd-version.json"), false],
    ["another program", readFixture("not-started.json"), false],
    ["a shell", recordOf("/bin/sh", ["-c", "exec etcd --name=m1"]), true],
    ["an init of Docker's", recordOf("tini", ["--", "/usr/local/bin/etcd"]), true],
    ["a gateway", recordOf("etcd", ["gateway", "start"]), false],
    ["etcdctl", recordOf("etcdctl", ["get", "etcd"]), false],
    ["a kubelet's", recordOf("etcd", [], { Labels: { "io.kubernetes.pod.name": "etcd-m1" } }), false],
    ["half a record", '{"Path":"etcd","Args":[', false],
    ["a list", '["etcd"]', false],
    ["nothing", "", false],
  ])("tells an etcd server from other containers: %s", (_, record, want) => {
    expect(parseDockerContainer(record) !== undefined).toBe(want);
  });

  it("has the host's place of what is the host's, not of a plugin's volume or a tmpfs", () => {
    const points = {
      "/a": { Type: "volume", Driver: "nfs", Name: "x", Source: "/mnt/x", Destination: "/a/" },
      "/b": { Type: "tmpfs", Source: "", Destination: "/b" },
    };
    const record = { ...(JSON.parse(recordOf("etcd", [])) as object), MountPoints: points };
    expect(parseDockerContainer(JSON.stringify(record))?.mounts).toEqual([
      { inside: "/a", outside: undefined, volume: "x" },
      { inside: "/b", outside: undefined, volume: undefined },
    ]);
  });

  it.each([
    ["", { uid: 0, gids: [0] }],
    ["root", { uid: 0, gids: [0] }],
    ["1000", { uid: 1000, gids: [0] }],
    ["1000:1001", { uid: 1000, gids: [1001] }],
    ["etcd", undefined],
    ["1000:etcd", undefined],
  ])("knows a user by its number: %s", (user, want) => {
    expect(parseDockerContainer(recordOf("etcd", [], { User: user }))?.user).toEqual(want);
  });
});

describe("agent/discovery/parse-podman-container", () => {
  const readPodman = (name: string): string =>
    readFileSync(join(FIXTURES, "../podman-4.3.1", `${name}.json`), "utf8");

  it("reads of Podman's record how an etcd is started, and where the host has its directories", () => {
    const etcd = parsePodmanContainer(readPodman("failed"));
    expect(etcd).toMatchObject({
      given: { name: "s1", "data-dir": "/etcd-data", "wal-dir": "/wal/s1", "election-timeout": "2000" },
      directory: "/",
      sharesNetwork: true,
      user: { uid: 1000, gids: [1001] },
    });
    expect(mapPodPaths(["/etcd-data", "/wal/s1", "/proc/1"], etcd?.mounts ?? [])).toEqual({
      "/etcd-data": "/srv",
      "/wal/s1": "/var/lib/containers/storage/volumes/etcd-wal/_data/s1",
    });
    expect(parsePodmanContainer(readPodman("own-network"))).toMatchObject({
      sharesNetwork: false,
      user: { uid: 0, gids: [0] },
    });
  });

  it("leaves CRI-O's containers, whose records are in the same place, and what is none", () => {
    expect(parsePodmanContainer(readPodman("failed").replace('"libpod"', '"cri-o"'))).toBeUndefined();
    expect(parsePodmanContainer(readPodman("failed").replace('"--name=s1"', '"--version"'))).toBeUndefined();
    expect(parsePodmanContainer(readPodman("failed").slice(0, 500))).toBeUndefined();
    expect(parsePodmanContainer("")).toBeUndefined();
  });

  it("finds what a dead container would start with, and its log where there is one", async () => {
    const folder = `/var/lib/containers/storage/overlay-containers`;
    const own = `${folder}/${"a".repeat(64)}/userdata`;
    const files: Record<string, string> = { [`${own}/config.json`]: readPodman("failed") };
    const host: HostDoor = {
      ...hostWith({}, files),
      listFileNames: (path) =>
        Promise.resolve(path === folder ? ["a".repeat(64), "volatile-containers.json"] : []),
    };
    const starter = { kind: "engine", engine: "podman", id: "a".repeat(64) };
    expect(await findConfiguredEtcd(host, ANY, SIGNAL)).toMatchObject({
      source: `${own}/config.json`,
      starter: { ...starter, logPath: undefined },
      etcd: { flags: { name: "s1" } },
    });
    const logged = { ...host, readFileFacts: () => Promise.resolve({ modifiedAtMs: 1 } as never) };
    expect(await findConfiguredEtcd(logged, ANY, SIGNAL)).toMatchObject({
      starter: { ...starter, logPath: `${own}/ctr.log` },
    });
  });
});

describe("agent/discovery/docker-places", () => {
  it.each([
    ['{"data-root": "/data/docker/"}', "/data/docker/"],
    ['{"graph": "/old"}', "/old"],
    ['{"log-driver": "local"}', undefined],
    ['{"data-root": 7}', undefined],
    ["null", undefined],
    ["", undefined],
  ])("reads the data directory of Docker's settings: %s", (text, want) => {
    expect(parseDataRoot(text)).toBe(want);
  });
});

describe("agent/discovery/find-configured-etcd, of Docker", () => {
  it("finds what a dead container would start with", async () => {
    const host = hostWith({ a: readFixture("etcd-killed.json") });
    const found = await findConfiguredEtcd(host, ANY, SIGNAL);
    expect(found).toMatchObject({
      source: `/var/lib/docker/containers/${"a".repeat(64)}/config.v2.json`,
      starter: { kind: "engine", engine: "docker", id: "a".repeat(64) },
      etcd: { flags: { name: "s1", dataDir: "/etcd-data" }, sharesNetwork: true, user: { uid: 0 } },
      problem: "",
    });
    const etcd = found?.etcd;
    expect(etcd === undefined ? "" : pathOnHost(etcd, "/wal/s1")).toBe(
      "/var/lib/docker/volumes/etcd-wal/_data/s1",
    );
  });

  it("says nothing of a volume that is mounted only while a container uses it", async () => {
    const options = readFixture("volume-opts.json");
    const host = hostWith(
      { a: readFixture("etcd-killed.json") },
      { "/var/lib/docker/volumes/etcd-wal/opts.json": options },
    );
    const etcd = (await findConfiguredEtcd(host, ANY, SIGNAL))?.etcd;
    expect(etcd === undefined ? true : isReachable(etcd, "/wal/s1")).toBe(false);
    expect(etcd === undefined ? false : isReachable(etcd, "/etcd-data")).toBe(true);
  });

  it("takes the one that changed last, or the one that is asked for, wherever Docker keeps them", async () => {
    const records = {
      a: readFixture("running.json"),
      b: readFixture("etcd-lost.json"),
      c: readFixture("etcd-version.json"),
      d: readFixture("etcd-killed.json"),
    };
    const f = async (wanted: { name: string | undefined }): Promise<string | undefined> => {
      const files = { "/etc/docker/daemon.json": '{"data-root":"/data/docker"}' };
      const host = hostWith(records, files, "/data/docker");
      return (await findConfiguredEtcd(host, { ...ANY, ...wanted }, SIGNAL))?.source.slice(0, 30);
    };
    expect(await f(ANY)).toBe("/data/docker/containers/bbbbbb");
    expect(await f({ name: "m1" })).toBe("/data/docker/containers/aaaaaa");
    expect(await f({ name: "m9" })).toBeUndefined();
  });
});

import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseListeners } from "../../../agent/host/find-port-holders.ts";
import { parseProcessUser } from "../../../agent/host/parse-process-user.ts";
import { hasBoltMeta } from "../../../agent/probe/parse-bolt-meta.ts";
import { createStartProbe } from "../../../agent/probe/start.ts";
import { isDenied, listParents } from "../../../agent/probe/start-access.ts";
import { EtcdscopeError } from "../../../shared/errors.ts";
import type { StartFact } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { discoveredEtcd, probeContext, TEST_SETUP } from "./probe-context.ts";

/** The front of a database of etcd 3.5.16. */
const FRONT = readFileSync(join(import.meta.dirname, "../../fixture/start/db-front.bin"));

async function look(
  flags: Readonly<Record<string, string>>,
  uid = 0,
): Promise<{ fact: StartFact; problems: readonly string[] }> {
  const discovered = discoveredEtcd(
    { "listen-client-urls": "http://127.0.0.1:1", "listen-peer-urls": "http://127.0.0.1:1", ...flags },
    { pid: undefined, user: { uid, gids: [uid] }, sharesNetwork: true },
  );
  const body = (await createStartProbe(TEST_SETUP).run(probeContext({ discovered }))).facts?.[0]?.body;
  if (body?.case !== "start") {
    throw new Error("Expected a start fact");
  }
  const problems = body.value.paths.filter(({ problem }) => problem !== "");
  return { fact: body.value, problems: problems.map(({ role, problem }) => `${role} ${problem}`) };
}

describe("agent/probe/start", () => {
  let dir = "";
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "etcdscope-start-"));
    chmodSync(dir, 0o755);
    mkdirSync(join(dir, "data/member/snap"), { recursive: true });
    mkdirSync(join(dir, "data/member/wal"));
    writeFileSync(join(dir, "data/member/snap/db"), FRONT);
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it("is nothing while etcd runs", async () => {
    const observation = await createStartProbe(TEST_SETUP).run(
      probeContext({ discovered: discoveredEtcd({}) }),
    );
    expect(observation).toEqual({ removedFacts: ["start"] });
  });

  it("finds nothing in the way of an etcd that could start", async () => {
    const { fact, problems } = await look({ "data-dir": join(dir, "data") });
    expect(problems).toEqual([]);
    expect(fact).toMatchObject({ isEmpty: false, heldPorts: [], source: "last process", userKnown: true });
  });

  it("finds a database that is none any more, and leaves an empty one to etcd", async () => {
    const db = join(dir, "data/member/snap/db");
    writeFileSync(db, Buffer.alloc(65_536, 7));
    expect((await look({ "data-dir": join(dir, "data") })).problems).toEqual(["db damaged"]);
    writeFileSync(db, "");
    expect((await look({ "data-dir": join(dir, "data") })).problems).toEqual([]);
  });

  it("tells a data directory that holds no member", async () => {
    rmSync(join(dir, "data/member"), { recursive: true });
    expect((await look({ "data-dir": join(dir, "data") })).fact.isEmpty).toBe(true);
    expect((await look({ "data-dir": join(dir, "not/yet") })).problems).toEqual([]);
  });

  it("looks at nothing but a configuration file that is not there, since that would name the rest", async () => {
    const unit = "[Service]\nExecStart=/usr/bin/etcd --config-file /etc/none.yml\n";
    const host = {
      listDirectory: () => Promise.resolve([]),
      readSmallFile: (path: string) =>
        path === "/etc/systemd/system/etcd.service"
          ? Promise.resolve(Buffer.from(unit))
          : Promise.reject(new EtcdscopeError("NOT_FOUND", `${path} is not there`)),
    };
    const body = (await createStartProbe(TEST_SETUP).run(probeContext({ host }))).facts?.[0]?.body;
    expect(body?.value).toMatchObject({
      source: "/etc/systemd/system/etcd.service",
      paths: [{ role: "config-file", path: "/etc/none.yml", problem: "missing" }],
      portsProblem: "its flags are not known",
    });
    // Which of several is meant is not known: then it is not this one that does not start.
    const undecided = await createStartProbe(TEST_SETUP).run(probeContext({ host, isUndecided: true }));
    expect(undecided).toEqual({ removedFacts: ["start"] });
  });

  it("tells files that are missing or no files", async () => {
    const flags = {
      "data-dir": join(dir, "data"),
      "cert-file": join(dir, "none.crt"),
      "key-file": join(dir, "data"),
    };
    expect((await look(flags)).problems).toEqual(["cert-file missing", "key-file not_file"]);
  });

  it.runIf(process.getuid?.() === 0)("looks with the eyes of etcd's user", async () => {
    const data = join(dir, "data");
    chmodSync(data, 0o700);
    const denied = await look({ "data-dir": data }, 998);
    expect(denied.problems).toEqual(["member denied", "data-dir denied", "wal denied", "db denied"]);
    expect(denied.fact.paths[0]).toMatchObject({ at: data, uid: 0, mode: 0o700 });
    chownSync(data, 998, 998);
    expect((await look({ "data-dir": data }, 998)).problems).toEqual([
      "member denied",
      "wal denied",
      "db denied",
    ]);
  });

  it("names who listens on a port of etcd's", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    try {
      const flags = { "data-dir": join(dir, "data"), "listen-peer-urls": `https://0.0.0.0:${port}` };
      expect((await look(flags)).fact.heldPorts).toMatchObject([
        { address: `0.0.0.0:${port}`, pid: process.pid },
      ]);
      const elsewhere = { ...flags, "listen-peer-urls": `https://127.0.0.9:${port}` };
      expect((await look(elsewhere)).fact.heldPorts).toEqual([]);
    } finally {
      server.close();
    }
  });
});

describe("agent/probe/start: its parts", () => {
  it("knows a database by either of its meta pages", () => {
    expect(hasBoltMeta(FRONT)).toBe(true);
    const half = Buffer.from(FRONT);
    half.fill(0, 0, 100);
    expect(hasBoltMeta(half)).toBe(true);
    half.fill(0, 4096, 4200);
    expect(hasBoltMeta(half)).toBe(false);
    const flipped = Buffer.from(FRONT);
    flipped[40] = (flipped[40] ?? 0) ^ 1;
    flipped[4096 + 40] = (flipped[4096 + 40] ?? 0) ^ 1;
    expect(hasBoltMeta(flipped)).toBe(false);
    expect(hasBoltMeta(Buffer.alloc(0))).toBe(false);
  });

  it("checks owner, then group, then others, as the kernel does", () => {
    const file = (mode: number) => ({ kind: "file", mode, uid: 7, gid: 8 }) as const;
    const f = (uid: number, gids: readonly number[], mode: number): boolean =>
      isDenied({ uid, gids }, file(mode), "read");
    expect(f(0, [0], 0)).toBe(false);
    expect(f(7, [8], 0o400)).toBe(false);
    expect(f(7, [8], 0o044)).toBe(true);
    expect(f(9, [1, 8], 0o040)).toBe(false);
    expect(f(9, [8], 0o604)).toBe(true);
    expect(f(9, [9], 0o004)).toBe(false);
    expect(isDenied({ uid: 9, gids: [] }, { kind: "directory", mode: 0o755, uid: 0, gid: 0 }, "use")).toBe(
      true,
    );
    expect(isDenied({ uid: 9, gids: [] }, { kind: "directory", mode: 0o711, uid: 0, gid: 0 }, "search")).toBe(
      false,
    );
    expect(listParents("/a/b/c")).toEqual(["/", "/a", "/a/b"]);
  });

  it("reads who a process acts as, and who listens", () => {
    const status = "Name:\tetcd\nUid:\t0\t998\t0\t998\nGid:\t0\t997\t0\t997\nGroups:\t4 997 \n";
    expect(parseProcessUser(status)).toEqual({ uid: 998, gids: [997, 4] });
    expect(parseProcessUser("Groups:\t1\n")).toBeUndefined();
    const table =
      "  sl  local_address rem_address   st tx_queue\n" +
      "   0: 0100007F:094B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0\n" +
      "   1: 0100007F:094B 0100007F:A001 01 00000000:00000000 00:00000000 00000000     0        0 4243 1 0\n";
    expect(parseListeners(table)).toEqual([{ address: "0100007F", port: 2379, inode: 4242 }]);
  });
});

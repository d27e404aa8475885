import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HostDoor } from "../../../agent/host/host-door.ts";
import { createLinuxHost } from "../../../agent/host/linux-host.ts";
import { createLogsProbe } from "../../../agent/probe/logs.ts";
import { parseLogPosition } from "../../../agent/probe/log-position.ts";
import type { KeptFiles, Observation } from "../../../agent/probe/probe.ts";
import { systemClock } from "../../../shared/clock.ts";
import { waitFor } from "../../lab/wait-for.ts";
import { createManualClock } from "../manual-clock.ts";
import { probeContext, TEST_CONFIG, TEST_SETUP } from "./probe-context.ts";

const NOW_MS = Date.UTC(2026, 10, 24, 16);
const JOURNAL = join(import.meta.dirname, "../../fixture/journal/etcd.journal.gz");

function line(code: "full" | "panic" | "info", atMs = NOW_MS): string {
  const ts = new Date(atMs).toISOString();
  const said = {
    full: `"level":"fatal","ts":"${ts}","caller":"backend/batch_tx.go:282","msg":"failed to commit tx","error":"write /d/member/snap/db: no space left on device"`,
    panic: `"level":"panic","ts":"${ts}","caller":"backend/backend.go:201","msg":"failed to open database","error":"invalid database"`,
    info: `"level":"info","ts":"${ts}","caller":"mvcc/index.go:214","msg":"compact tree index","revision":60`,
  };
  return `{${said[code]}}\n`;
}

function codes(observation: Observation): string[] {
  return (observation.events ?? []).map(({ attributes }) => attributes["code"] ?? "");
}

function createKept(): KeptFiles & { readonly texts: Map<string, string> } {
  const texts = new Map<string, string>();
  return {
    texts,
    find: (name) => Promise.resolve(texts.get(name)),
    replace: (name, text) => {
      texts.set(name, text);
      return Promise.resolve();
    },
  };
}

/** Of the last words that it tells; where they stand is told also when there are none. */
function codesOf({ facts }: Observation): readonly string[] {
  const body = facts?.[0]?.body;
  return body?.case === "lastWords" ? body.value.words.map(({ code }) => code) : ["no fact"];
}

describe("agent/probe/logs, over restarts", () => {
  let dir = "";
  let path = "";
  let kept = createKept();
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "etcdscope-log-"));
    path = join(dir, "etcd.log");
    kept = createKept();
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  /** A new agent each time, with what an earlier one kept. */
  function start(logs = `file:${path}`, host: Partial<HostDoor> = {}): () => Promise<Observation> {
    const config = { ...TEST_CONFIG, etcd: { ...TEST_CONFIG.etcd, logs } };
    const probe = createLogsProbe({ ...TEST_SETUP, config, positions: kept });
    const clock = createManualClock(NOW_MS);
    return async () => await probe.run(probeContext({ clock, host }));
  }

  it("tells no line a second time to another agent, and none less", async () => {
    writeFileSync(path, line("full", NOW_MS - 60_000));
    expect(codes(await start()())).toEqual(["DISK_FULL"]);
    expect(codes(await start()())).toEqual([]);
    appendFileSync(path, line("panic"));
    const look = start();
    expect(codes(await look())).toEqual(["START_DB_CORRUPT"]);
    expect(codes(await look())).toEqual([]);
  });

  it("reads the end of a file that was renamed while no agent ran, then the new one", async () => {
    writeFileSync(path, line("info"));
    await start()();
    appendFileSync(path, line("panic"));
    renameSync(path, `${path}.20261124-160000`);
    writeFileSync(path, line("full"));
    const look = start();
    expect(codes(await look())).toEqual(["START_DB_CORRUPT", "DISK_FULL"]);
    expect(codes(await look())).toEqual([]);
  });

  it("begins anew where what was kept is damaged, or of a file that is gone", async () => {
    writeFileSync(path, line("full"));
    kept.texts.set("log-position.json", '{"kind":"fi');
    expect(codes(await start()())).toEqual(["DISK_FULL"]);
    kept.texts.set(
      "log-position.json",
      '{"kind":"file","path":"/nowhere/x.log","place":{"inode":1,"offset":9}}',
    );
    expect(codes(await start()())).toEqual(["DISK_FULL"]);
    expect(parseLogPosition("null")).toBeUndefined();
  });

  it("tells what an etcd that does not run ended with, however long ago", async () => {
    writeFileSync(path, line("panic", NOW_MS - 7_200_000));
    const { events, facts } = await start()();
    expect(events).toEqual([]);
    expect(facts?.[0]?.body).toMatchObject({
      case: "lastWords",
      value: { words: [{ code: "START_DB_CORRUPT", said: "failed to open database: invalid database" }] },
    });
  });

  it("knows the last words that an earlier agent read, bounded and redacted", async () => {
    const secret = line("full").replace("failed to commit tx", "dial https://root:top@10.0.0.1");
    writeFileSync(path, line("panic", NOW_MS - 7_200_000).repeat(20) + secret);
    await start()();
    expect(codesOf(await start()())).toEqual([
      ...Array.from({ length: 7 }, () => "START_DB_CORRUPT"),
      "DISK_FULL",
    ]);
    expect([...kept.texts.values()].join("")).not.toContain("root:top");
    // Torn by a crash, or of another etcd's log.
    kept.texts.set("log-last-words.json", '[{"code":"DISK_');
    expect(codesOf(await start()())).toEqual([]);
    kept.texts.set("log-last-words.json", '[{"code":"DISK_FULL","atMs":1,"said":"x"}]');
    const other = join(mkdtempSync(join(dir, "other-")), "etcd.log");
    writeFileSync(other, line("info"));
    expect(codesOf(await start(`file:${other}`)())).toEqual([]);
  });

  it("forgets what was said before etcd served again", async () => {
    const served = `{"level":"info","ts":"${new Date(NOW_MS).toISOString()}","caller":"embed/serve.go:103","msg":"ready to serve client requests"}\n`;
    writeFileSync(path, line("full", NOW_MS - 60_000));
    expect(codesOf(await start()())).toHaveLength(1);
    appendFileSync(path, served);
    expect(codesOf(await start()())).toEqual([]);
    expect(codesOf(await start()())).toEqual([]);
    appendFileSync(path, line("panic", NOW_MS + 1));
    expect(codesOf(await start()())).toHaveLength(1);
  });

  it("says so once when its place cannot be kept, and goes on", async () => {
    kept = { ...kept, replace: () => Promise.reject(new Error("no space")) };
    writeFileSync(path, line("full"));
    const look = start();
    expect(codes(await look())).toEqual(["DISK_FULL"]);
    appendFileSync(path, line("info"));
    await expect(look()).resolves.toBeDefined();
  });

  it("reads a container's last words when it is started again into another file", async () => {
    const real = createLinuxHost({ clock: systemClock });
    const names = ["0.log"];
    const folder = "kube-system_etcd-m1_0a1b";
    const host: Partial<HostDoor> = {
      listDirectory: (at) =>
        Promise.resolve(at.endsWith("pods") ? [folder] : at.endsWith(folder) ? ["etcd"] : names),
      readLogPart: (at, from, signal) =>
        real.readLogPart(join(dir, at.split("/").at(-1) ?? ""), from, signal),
      findLogStart: (at, span, signal) =>
        real.findLogStart(join(dir, at.split("/").at(-1) ?? ""), span, signal),
    };
    writeFileSync(join(dir, "0.log"), line("info"));
    const look = start("pod", host);
    expect(codes(await look())).toEqual([]);
    // More than is read at a time: the end counts.
    appendFileSync(join(dir, "0.log"), line("info").repeat(2500) + line("panic"));
    writeFileSync(join(dir, "1.log"), line("full"));
    names.push("1.log");
    expect(codes(await look())).toEqual([]);
    expect(codes(await look())).toEqual(["START_DB_CORRUPT"]);
    expect(codes(await look())).toEqual(["DISK_FULL"]);
    expect(codes(await look())).toEqual([]);
  });

  const hasJournalctl = ["/usr/bin/journalctl", "/bin/journalctl"].some((program) => existsSync(program));
  it.runIf(hasJournalctl)("follows a unit in real journal files, and goes on at its cursor", async () => {
    writeFileSync(join(dir, "etcd.journal"), gunzipSync(readFileSync(JOURNAL)));
    execFileSync("journalctl", [`--directory=${dir}`, "--lines=1", "--no-pager"]);
    const config = { ...TEST_CONFIG, etcd: { ...TEST_CONFIG.etcd, logs: "journald:etcd" } };
    /** Long after the entries: an agent that comes with a cursor tells them all the same, one without looks back a little. */
    const clock = { ...systemClock, nowMs: () => Date.UTC(2026, 10, 24, 15, 57) };
    async function readAll(isEnough: (seen: readonly string[]) => boolean): Promise<readonly string[]> {
      const host = createLinuxHost({ clock: systemClock, journalDirectory: dir });
      const probe = createLogsProbe({ ...TEST_SETUP, config, positions: kept });
      const seen: string[] = [];
      let looks = 0;
      try {
        await waitFor(
          "the journal is read",
          async () => {
            const { events, samples } = await probe.run({ ...probeContext({ clock }), host });
            seen.push(...codes({ events: events ?? [] }));
            looks += samples?.some(({ value }) => value > 0) === true ? 1 : 0;
            return isEnough(seen) || looks > 3;
          },
          { timeoutMs: 20_000 },
        );
      } finally {
        host.closeJournal();
      }
      return seen;
    }
    const seen = await readAll((all) => all.includes("PROCESS_EXITED"));
    expect(new Set(seen)).toEqual(new Set(["PEER_LINK_DOWN", "DISK_FULL", "PROCESS_EXITED"]));
    const cursor = parseLogPosition(kept.texts.get("log-position.json") ?? "");
    expect(cursor).toMatchObject({ kind: "journal", match: "etcd.service" });
    // One entry before the last: only that is new to the next agent.
    const before = execFileSync(
      "journalctl",
      [`--directory=${dir}`, "--unit=etcd.service", "--lines=2", "--output=json", "--no-pager"],
      { encoding: "utf8" },
    );
    const { __CURSOR } = JSON.parse(before.split("\n")[0] ?? "") as { readonly __CURSOR: string };
    kept.texts.set(
      "log-position.json",
      JSON.stringify({ kind: "journal", unit: "etcd.service", cursor: __CURSOR }),
    );
    expect(await readAll((all) => all.length > 0)).toEqual(["PROCESS_EXITED"]);
  });
});

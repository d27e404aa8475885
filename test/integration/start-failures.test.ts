/**
 * A real etcd that cannot start, for each reason that has a rule of its own: found, by that rule alone, and over when it is put
 * right. One cluster for all. Needs root (namespaces, another user).
 */
import {
  chmodSync,
  chownSync,
  cpSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect } from "vitest";
import type { ClusterState, Finding } from "../../shared/rest.ts";
import { ensureEtcd } from "../lab/etcd-binaries.ts";
import type { EtcdMember } from "../lab/etcd-member.ts";
import { startLabProcess } from "../lab/lab-process.ts";
import { flip, walOf } from "../lab/log-story.ts";
import { MANY_STORIES } from "../lab/stack-config.ts";
import { findActive, listRootCauses } from "../lab/stack.ts";
import { waitFor } from "../lab/wait-for.ts";
import { followersOf, story, watch } from "./story.ts";
import type { WatchedCluster } from "./watched-cluster.ts";

/** From the failed start to its cause: the log is read within 2 s, a fact holds for 3 s. */
const NAMED_WITHIN_MS = 10_000;
const ENDS_WITHIN_MS = 10_000;
const NOBODY = 65534;

/** Waits until the cause is told as the only root cause of what is broken; the finding. */
async function named(on: WatchedCluster, member: EtcdMember, code: string): Promise<Finding> {
  const { state } = await on.stack.waitFor(
    `${code} is found`,
    (now) => findActive(now, code, member.name) !== undefined,
    { timeoutMs: NAMED_WITHIN_MS },
  );
  expect(listRootCauses(state)).toEqual([`${code} ${member.name}`]);
  expect(findActive(state, "MEMBER_DOWN", member.name)?.causedBy).toEqual([idOf(state, code)]);
  const finding = findActive(state, code, member.name);
  if (finding === undefined) {
    throw new Error(`${code} is gone`);
  }
  return finding;
}

function idOf(state: ClusterState, code: string): string {
  return findActive(state, code)?.id ?? "";
}

function sources(finding: Finding): readonly string[] {
  return [...new Set(finding.evidence.map(({ source }) => source))].sort();
}

async function failsToStart(member: EtcdMember): Promise<void> {
  await member.start();
  await waitFor(`${member.name} ends`, () => !member.isRunning(), { timeoutMs: ENDS_WITHIN_MS });
}

/** Kills it, keeps its data, and puts everything back afterwards. */
async function withCopy(on: WatchedCluster, member: EtcdMember, work: () => Promise<void>): Promise<void> {
  const copy = `${member.dataDir}.kept`;
  await member.kill();
  cpSync(member.dataDir, copy, { recursive: true, preserveTimestamps: true });
  try {
    await work();
  } finally {
    await member.kill();
    rmSync(member.dataDir, { recursive: true, force: true });
    renameSync(copy, member.dataDir);
    chmodSync(member.dataDir, 0o700);
    await member.start();
  }
  await on.waitQuiet();
}

describe("test/integration/start-failures", () => {
  // Every story is a restart or two: together they would be a crash loop.
  const watched = watch({
    version: "3.5",
    stack: { collectorConfig: { thresholds: { ...MANY_STORIES.thresholds, crashLoopStarts: 100 } } },
  });

  story("names a flag that etcd does not know", watched, async (on) => {
    const [member] = await followersOf(on);
    await member.restart({ "no-such-flag": "1" });
    const finding = await named(on, member, "START_CONFIG_INVALID");
    expect(finding.evidence[0]?.text.en).toContain("no-such-flag");
    await member.restart({ "no-such-flag": "" });
    await on.waitQuiet();
  });

  story("names the process that holds its port", watched, async (on) => {
    const [member] = await followersOf(on);
    await member.kill();
    const holder = await startLabProcess({
      command: [
        process.execPath,
        "-e",
        `require("net").createServer().listen(2379, "${member.ip}", () => console.log("holds"))`,
      ],
      logPath: join(on.dir, "holder.log"),
      namespace: member.namespace,
    });
    try {
      await waitFor("the port is held", () => readFileSync(join(on.dir, "holder.log"), "utf8") !== "", {
        timeoutMs: ENDS_WITHIN_MS,
      });
      await failsToStart(member);
      await named(on, member, "START_PORT_IN_USE");
      await on.stack.waitFor(
        "the holder is named",
        (now) =>
          findActive(now, "START_PORT_IN_USE")?.evidence.some(({ text }) =>
            text.en.includes(`(pid ${holder.pid})`),
          ) === true,
        { timeoutMs: NAMED_WITHIN_MS },
      );
    } finally {
      await holder.stop();
      await member.start();
    }
    await on.waitQuiet();
  });

  story("names a data directory that etcd's user may not use", watched, async (on, skip) => {
    const binaries = await ensureEtcd("3.5");
    if (binaries.kind === "unavailable") {
      skip(binaries.because);
      return;
    }
    const [member] = await followersOf(on);
    await member.kill();
    chownSync(member.dataDir, 0, 0);
    // Only that: the way to it and the certificates are that user's to use, or an agent that sees the process tells of them as well.
    const [ofMember, ofCluster] = [dirname(member.dataDir), dirname(dirname(member.dataDir))];
    for (const path of [ofMember, ofCluster, dirname(ofCluster), dirname(member.certDir)]) {
      chmodSync(path, 0o755);
    }
    for (const path of [
      member.certDir,
      ...readdirSync(member.certDir).map((name) => join(member.certDir, name)),
    ]) {
      chownSync(path, NOBODY, NOBODY);
    }
    const flags = Object.entries(member.flags).map(([flag, value]) => `--${flag}=${value}`);
    const other = await startLabProcess({
      command: ["setpriv", `--reuid=${NOBODY}`, "--clear-groups", "--", binaries.etcd, ...flags],
      logPath: member.logPath,
      namespace: member.namespace,
    });
    await other.exited;
    await named(on, member, "START_DATA_DIR_PERMISSION");
    await member.start();
    await on.waitQuiet();
  });

  story("names a key that is not there", watched, async (on) => {
    const [member] = await followersOf(on);
    const key = join(member.certDir, "server.key");
    await member.kill();
    renameSync(key, `${key}.away`);
    try {
      await failsToStart(member);
      const { state } = await on.stack.waitFor(
        "log and file both tell",
        (now) =>
          sources(findActive(now, "START_CERT_UNREADABLE") ?? ({ evidence: [] } as never)).length === 2,
        { timeoutMs: NAMED_WITHIN_MS },
      );
      expect(sources(await named(on, member, "START_CERT_UNREADABLE"))).toEqual(["etcd log", "last process"]);
      expect(findActive(state, "START_CERT_UNREADABLE")?.confidence).toBe("certain");
    } finally {
      renameSync(`${key}.away`, key);
      await member.start();
    }
    await on.waitQuiet();
  });

  story("names a damaged WAL", watched, async (on) => {
    const [, member] = await followersOf(on);
    for (let count = 0; count < 5; count += 1) {
      await on.etcd.put(`/start/${count}`, `some-value-${count}`);
    }
    await waitFor("the entry is in its WAL", () => readFileSync(walOf(member)).includes("some-value-3"), {
      timeoutMs: ENDS_WITHIN_MS,
    });
    await withCopy(on, member, async () => {
      const wal = walOf(member);
      flip(wal, readFileSync(wal).indexOf("some-value-3"), 4);
      await failsToStart(member);
      expect((await named(on, member, "START_WAL_CORRUPT")).evidence[0]?.text.en).toContain("crc mismatch");
    });
  });

  story("names a damaged database", watched, async (on) => {
    const [, member] = await followersOf(on);
    await withCopy(on, member, async () => {
      writeFileSync(join(member.dataDir, "member/snap/db"), Buffer.alloc(65_536, 7));
      await failsToStart(member);
      await named(on, member, "START_DB_CORRUPT");
    });
  });

  story("names a member whose data is gone", watched, async (on) => {
    const [, member] = await followersOf(on);
    await withCopy(on, member, async () => {
      rmSync(join(member.dataDir, "member"), { recursive: true });
      await failsToStart(member);
      await named(on, member, "START_ALREADY_BOOTSTRAPPED");
    });
  });
});

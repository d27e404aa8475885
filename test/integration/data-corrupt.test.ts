/**
 * One member's database is changed behind etcd's back, as a broken disk or a bug of etcd would: nothing that etcd says shows it,
 * the comparison of hashes does, and names the member by majority. Then etcd's own check raises its alarm, which names nobody.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { EtcdVersion } from "../lab/etcd-binaries.ts";
import type { EtcdMember } from "../lab/etcd-member.ts";
import { findActive, listRootCauses } from "../lab/stack.ts";
import { waitFor } from "../lab/wait-for.ts";
import { story, watch } from "./story.ts";
import type { WatchedCluster } from "./watched-cluster.ts";

/** 3.4 tells it the same way; two clusters here would take the whole suite two minutes more. */
const VERSION: EtcdVersion = "3.5";
/** Two comparisons of a small database, three seconds apart, and the agent's way to the collector. */
const COMPARED_WITHIN_MS = 20_000;
const ALARM_WITHIN_MS = 45_000;

/** At start no member would come up beside one whose data is another. */
const CHECKED_WHILE_RUNNING = {
  "experimental-corrupt-check-time": "2s",
  "experimental-initial-corrupt-check": "",
};

/** Begins as soon as every member is seen to serve: one that was restarted may not be yet. */
async function compareData(on: WatchedCluster): Promise<void> {
  let refusal = "";
  await waitFor(
    "the comparison begins",
    async () => {
      const said = await on.stack.command(["compare-data"]);
      refusal = said.stderr;
      return said.ok;
    },
    { timeoutMs: COMPARED_WITHIN_MS, intervalMs: 500, describeLast: () => refusal },
  );
}

/** Changes a value in the file of a member that does not run: pages have no checksum, so that etcd opens it. */
async function changeValue(member: EtcdMember): Promise<void> {
  await member.kill("SIGTERM");
  const file = join(member.dataDir, "member/snap/db");
  const bytes = readFileSync(file);
  let changed = 0;
  for (let at = bytes.indexOf("marker-value"); at >= 0; at = bytes.indexOf("marker-value", at + 1)) {
    bytes.write("M", at);
    changed += 1;
  }
  expect(changed).toBeGreaterThan(0);
  writeFileSync(file, bytes);
}

function readLogLines(on: WatchedCluster): number {
  return on.etcd.members.reduce(
    (lines, { logPath }) => lines + readFileSync(logPath, "utf8").split("\n").length,
    0,
  );
}

interface Check {
  readonly code: string;
  readonly state: string;
}

async function findCheck(on: WatchedCluster): Promise<Check | undefined> {
  const { layers } = await on.stack.api<{
    readonly layers: readonly { readonly checks: readonly Check[] }[];
  }>(`/clusters/${on.stack.cluster}/diagnosis`);
  return layers.flatMap(({ checks }) => checks).find(({ code }) => code === "DATA_CORRUPT");
}

async function isCompared(on: WatchedCluster): Promise<boolean> {
  return (await findCheck(on))?.state === "ok";
}

describe.concurrent("test/integration/data-corrupt", () => {
  const watched = watch({
    version: VERSION,
    // So soon that the written value is in the database and out of the replayed log.
    flags: { "snapshot-count": "20" },
  });

  story("calls equal data equal, without a line in etcd's log", watched, async (on) => {
    const before = readLogLines(on);
    await compareData(on);
    await waitFor("the members were compared", async () => await isCompared(on), {
      timeoutMs: COMPARED_WITHIN_MS,
    });
    expect(readLogLines(on)).toBe(before);
  });

  story("names the member whose data is another, and then whose alarm it is", watched, async (on) => {
    await on.etcd.put("marker", "marker-value-to-be-changed");
    for (let count = 0; count < 60; count += 1) {
      await on.etcd.put(`key-${count % 7}`, `value-${count}`);
    }
    const [victim] = await on.etcd.followers();
    if (victim === undefined) {
      throw new Error("Expected a follower");
    }
    await changeValue(victim);
    await victim.restart({ "experimental-initial-corrupt-check": "" });
    await on.waitQuiet();
    await compareData(on);
    const { state } = await on.stack
      .waitFor("DATA_CORRUPT is found", (now) => findActive(now, "DATA_CORRUPT") !== undefined, {
        timeoutMs: COMPARED_WITHIN_MS,
      })
      .catch(async (error: unknown) => {
        throw new Error(`The check says ${JSON.stringify(await findCheck(on))}`, { cause: error });
      });
    expect(listRootCauses(state)).toEqual([`DATA_CORRUPT ${victim.name}`]);
    expect(findActive(state, "DATA_CORRUPT", victim.name)).toMatchObject({ severity: "critical" });
    expect(state.verdict).toBe("degraded");

    // etcd's own check on the leader: an alarm that names nobody, or the wrong one, beside the named member.
    const leader = await on.etcd.leader();
    await leader?.restart(CHECKED_WHILE_RUNNING);
    for (const member of on.etcd.members.filter((one) => one !== leader)) {
      await member.restart(CHECKED_WHILE_RUNNING);
    }
    const alarmed = await on.stack.waitFor(
      "the alarm is told with the member's finding",
      (now) =>
        findActive(now, "DATA_CORRUPT", victim.name)?.evidence.some(({ text }) =>
          text.en.includes("alarm CORRUPT"),
        ) === true,
      { timeoutMs: ALARM_WITHIN_MS },
    );
    expect(listRootCauses(alarmed.state)).toContain(`DATA_CORRUPT ${victim.name}`);
  });
});

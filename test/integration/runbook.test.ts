/**
 * Runbooks as an operator follows them: the very commands that the API renders, typed into a shell beside a real cluster
 * of each version, through a full quota, a damaged member and the loss of everything but a snapshot.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Runbook, RunbookStep } from "../../shared/rest.ts";
import { ensureEtcd, type EtcdVersion } from "../lab/etcd-binaries.ts";
import { createEtcdCluster, type EtcdCluster } from "../lab/etcd-cluster.ts";
import { runCommand } from "../lab/run-command.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { MANY_STORIES } from "../lab/stack-config.ts";
import { createStack, findActive, type Stack } from "../lab/stack.ts";
import { waitFor } from "../lab/wait-for.ts";

const QUOTA_BYTES = 24 * 2 ** 20;
const WITHIN_MS = 90_000;
const NAMES = ["m1", "m2", "m3"];

async function describeVersion(version: EtcdVersion): Promise<void> {
  const binaries = await ensureEtcd(version);
  const why = binaries.kind === "unavailable" ? ` (skipped: ${binaries.because})` : "";

  describe.skipIf(binaries.kind === "unavailable")(`collector/runbook on etcd ${version}${why}`, () => {
    let dir = "";
    let copies = "";
    let etcd: EtcdCluster;
    let stack: Stack;

    beforeAll(async () => {
      if (binaries.kind === "unavailable") {
        return;
      }
      dir = await createRunFolder();
      copies = join(dir, "copies");
      mkdirSync(copies);
      etcd = await createEtcdCluster({
        binaries,
        dir: join(dir, "etcd"),
        members: NAMES.map((name) => ({ name })),
        flags: { "quota-backend-bytes": String(QUOTA_BYTES) },
      });
      await etcd.start();
      await etcd.waitHealthy();
      stack = await createStack({ dir: join(dir, "stack"), etcd, collectorConfig: MANY_STORIES });
      await stack.start();
      await stack.waitFor("the cluster is healthy", ({ verdict }) => verdict === "healthy", {
        timeoutMs: WITHIN_MS,
      });
    });

    afterAll(async () => {
      await stack?.stopAll();
      await etcd?.stopAll();
      if (dir !== "") {
        await removeFolderWithMounts(dir);
      }
    });

    async function open(code: string, member?: string): Promise<Runbook> {
      const query = member === undefined ? "" : `?member=${member}`;
      return await stack.api<Runbook>(`/clusters/${stack.cluster}/runbooks/${code}${query}`);
    }

    function stepOf({ code, steps }: Runbook, title: string): RunbookStep {
      const found = steps.find((step) => step.title.en.startsWith(title));
      expect(found, `${code}: ${title}`).toBeDefined();
      return found!;
    }

    /** Types the step's command, with the blanks that the operator fills in. */
    async function type(step: RunbookStep, filled: Readonly<Record<string, string>> = {}): Promise<string> {
      const tools = binaries.kind === "unavailable" ? "" : dirname(binaries.etcdctl);
      const finished = await runCommand(["/bin/sh", "-e", "-c", step.command ?? "exit 99"], {
        env: { PATH: `${tools}:/usr/sbin:/usr/bin:/sbin:/bin`, BACKUP_DIR: copies, ...filled },
        timeoutMs: WITHIN_MS,
      });
      expect(finished.ok, `${step.command}\n${finished.stderr}`).toBe(true);
      return finished.stdout;
    }

    async function allAnswer(): Promise<boolean> {
      const answers = etcd.members.map(async ({ clientUrl }) => await etcd.etcdctl.status(clientUrl));
      return (await Promise.all(answers)).every((status) => status !== undefined);
    }

    async function waitHealthy(): Promise<void> {
      await etcd.waitHealthy(WITHIN_MS);
      await stack.waitFor("the verdict is healthy", ({ verdict }) => verdict === "healthy", {
        timeoutMs: WITHIN_MS,
      });
    }

    // Before the quota is used up: a new member applies the whole log anew, and would raise the alarm once more.
    it(
      "replaces a member whose WAL is damaged, as a learner first",
      async () => {
        await etcd.put("before", "kept");
        const member = etcd.member("m3");
        await member.kill();
        damageWal(join(member.dataDir, "member/wal"));
        await stack.waitFor("m3 is down", (state) => findActive(state, "MEMBER_DOWN", "m3") !== undefined, {
          timeoutMs: WITHIN_MS,
        });
        // m3 may have led, and it is found down before the others have elected.
        await waitFor("writes are taken again", async () => await etcd.put("meanwhile", "yes"), {
          timeoutMs: WITHIN_MS,
        });
        // Nor does the collector know of the election at once.
        await stack.waitFor("who leads is known", ({ leader }) => leader !== null, { timeoutMs: WITHIN_MS });
        const runbook = await open("START_WAL_CORRUPT", "m3");
        await type(stepOf(runbook, "Save a snapshot"), { BACKUP_DIR: join(dir, "etcd") });
        expect(stepOf(runbook, "Copy etcd's data directory on m3").precondition?.state).toBe("met");
        await type(stepOf(runbook, "Copy etcd's data directory on m3"));
        await type(stepOf(runbook, "Set the old data directory on m3 aside"));
        await type(stepOf(runbook, "Take m3 off the member list"));
        const added = await type(stepOf(runbook, "Add m3 anew"));
        const cluster = /ETCD_INITIAL_CLUSTER="([^"]+)"/.exec(added)?.[1] ?? "";
        const id = /Member\s+([0-9a-f]+) added/.exec(added)?.[1] ?? "";
        await member.restart({ "initial-cluster": cluster, "initial-cluster-state": "existing" });
        const promote = stepOf(runbook, "Make m3 a voter");
        await waitFor(
          "etcd takes it as a voter",
          async () => {
            await type(promote, { NEW_MEMBER_ID: id });
            return true;
          },
          { timeoutMs: WITHIN_MS },
        );
        await waitHealthy();
        expect(await etcd.get("before")).toBe("kept");
      },
      3 * WITHIN_MS,
    );

    it(
      "brings writes back from a full quota: compact, defragment one by one, disarm last",
      async () => {
        await etcd.put("before", "kept");
        const value = "x".repeat(100_000);
        await waitFor("a write is refused", async () => !(await etcd.put("big", value)), {
          timeoutMs: WITHIN_MS,
          intervalMs: 1,
        });
        await stack.waitFor(
          "the quota is found",
          (state) => findActive(state, "QUOTA_EXCEEDED") !== undefined,
          {
            timeoutMs: WITHIN_MS,
          },
        );
        const runbook = await open("QUOTA_EXCEEDED");
        expect(stepOf(runbook, "Take the NOSPACE alarm back").precondition?.state).toBe("refused");
        expect(await type(stepOf(runbook, "See which alarms"))).toContain("NOSPACE");
        await type(stepOf(runbook, "Save a snapshot"));
        const said = await type(stepOf(runbook, "See the revision"));
        const revision = /"Revision" : (\d+)/.exec(said)?.[1] ?? "";
        expect(await type(stepOf(runbook, "Compact"), { REVISION: revision })).toContain(revision);
        const turns = runbook.steps.filter(({ title }) => title.en.startsWith("Defragment"));
        expect(turns).toHaveLength(3);
        for (const turn of turns) {
          await type(turn);
          // Not its health, which the alarm itself makes bad in 3.5.
          await waitFor("every member answers again", async () => await allAnswer(), {
            timeoutMs: WITHIN_MS,
          });
        }
        let now = runbook;
        await waitFor(
          "the sizes are seen below the quota",
          async () => {
            now = await open("QUOTA_EXCEEDED");
            return stepOf(now, "Take the NOSPACE alarm back").precondition?.state === "met";
          },
          { timeoutMs: WITHIN_MS },
        );
        await type(stepOf(now, "Take the NOSPACE alarm back"));
        expect(await etcd.put("after", "written")).toBe(true);
        expect(await etcd.get("before")).toBe("kept");
        await waitHealthy();
      },
      3 * WITHIN_MS,
    );

    it(
      "restores the whole cluster from a snapshot, when nothing else is left",
      async () => {
        const before = await open("RESTORE");
        expect(stepOf(before, "Restore m1").precondition?.state).toBe("refused");
        await etcd.put("restored", "yes");
        const folder = join(copies, "restore");
        mkdirSync(folder);
        await type(stepOf(await open("BACKUP_STALE"), "Save a snapshot"), { BACKUP_DIR: folder });
        await etcd.put("lost", "yes");
        await etcd.stopAll();
        await stack.waitFor("the quorum is lost", ({ verdict }) => verdict === "quorum-lost", {
          timeoutMs: WITHIN_MS,
        });
        const filled = {
          SNAPSHOT: join(folder, `etcd-${stack.cluster}.snapshot.db`),
          NEW_TOKEN: "restored-1",
          BACKUP_DIR: folder,
        };
        let runbook = before;
        await waitFor(
          "nothing refuses the restore",
          async () => {
            runbook = await open("RESTORE");
            return stepOf(runbook, "Restore m1").precondition?.state === "unknown";
          },
          { timeoutMs: WITHIN_MS },
        );
        await type(stepOf(runbook, "Choose the newest"), filled);
        for (const name of NAMES) {
          await type(stepOf(runbook, `Copy etcd's data directory on ${name}`), filled);
          // m3's place may still hold what the test before has set aside.
          await runCommand(["rm", "-rf", `${etcd.member(name).dataDir}.aside`]);
          await type(stepOf(runbook, `Set the old data directory on ${name}`), filled);
          await type(stepOf(runbook, `Restore ${name}`), filled);
        }
        await etcd.start();
        await waitHealthy();
        expect(await etcd.get("restored")).toBe("yes");
        expect(await etcd.get("lost")).toBe("");
      },
      3 * WITHIN_MS,
    );
  });
}

/** Flips bytes in the middle of what is written of the first WAL file. */
function damageWal(folder: string): void {
  const file = join(
    folder,
    readdirSync(folder)
      .filter((name) => name.endsWith(".wal"))
      .sort()[0] ?? "",
  );
  const bytes = readFileSync(file);
  const end = bytes.findLastIndex((byte) => byte !== 0);
  for (let at = Math.floor(end / 2); at < Math.floor(end / 2) + 64; at++) {
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  }
  writeFileSync(file, bytes);
}

await describeVersion("3.5");
await describeVersion("3.4");

/** The backups: they have stopped coming, or do not hold what they should. */
import { copyFileSync, mkdirSync, statSync, truncateSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { WatchedCluster } from "../../integration/watched-cluster.ts";
import type { Fault } from "../fault.ts";
import { backupDirOf } from "../stack.ts";
import { waitFor } from "../wait-for.ts";

const HOUR_MS = 3_600_000;
/** The agents look once a minute. */
const CAUSE_WITHIN_MS = 75_000;
const NEEDS = { stack: { backups: true } } as const;

interface Backups {
  /** The snapshots, newest first, on the first member's node. */
  readonly paths: readonly string[];
}

function setAge(path: string, ageMs: number): void {
  const at = new Date(Date.now() - ageMs);
  utimesSync(path, at, at);
}

/** Two good snapshots, of an hour and of a day ago, which the first agent has seen and checked. */
async function backUp(on: WatchedCluster): Promise<Backups> {
  const [member] = on.etcd.members;
  if (member === undefined) {
    throw new Error("The cluster has no member");
  }
  const dir = backupDirOf(member);
  mkdirSync(dir, { recursive: true });
  const paths = [join(dir, "today.db"), join(dir, "yesterday.db")] as const;
  const said = await on.etcd.etcdctl.run([member.clientUrl], ["snapshot", "save", paths[0]]);
  if (!said.ok) {
    throw new Error(`No snapshot could be taken: ${said.stderr}`);
  }
  copyFileSync(paths[0], paths[1]);
  setAge(paths[0], HOUR_MS);
  setAge(paths[1], 25 * HOUR_MS);
  await waitFor(
    "the snapshots have been checked",
    async () => {
      const told = JSON.stringify(await on.stack.api<unknown>(`/clusters/${on.stack.cluster}/backups`));
      return told.split('"valid"').length > paths.length;
    },
    { timeoutMs: 100_000, intervalMs: 1000 },
  );
  return { paths };
}

export const BACKUP_FAULTS: readonly Fault[] = [
  {
    name: "backup-stale",
    needs: NEEDS,
    causeWithinMs: CAUSE_WITHIN_MS,
    // What is told of backups is looked at once a minute, and told for a minute more.
    spoils: true,
    prepare: async (on) => {
      const { paths } = await backUp(on);
      return {
        story: "the newest snapshot is 30 hours old, one a day is wanted",
        causes: ["BACKUP_STALE"],
        verdicts: ["healthy"],
        inject: async () => {
          paths.forEach((path, index) => setAge(path, (30 + 24 * index) * HOUR_MS));
          await Promise.resolve();
        },
        heal: async () => await Promise.resolve(),
      };
    },
  },
  {
    name: "backup-truncated",
    needs: NEEDS,
    causeWithinMs: CAUSE_WITHIN_MS,
    spoils: true,
    prepare: async (on) => {
      const { paths } = await backUp(on);
      const [newest = ""] = paths;
      return {
        story: "the newest snapshot has been cut off in the middle",
        causes: ["BACKUP_INVALID m1"],
        verdicts: ["healthy"],
        inject: async () => {
          truncateSync(newest, Math.floor(statSync(newest).size / 2));
          setAge(newest, HOUR_MS);
          await Promise.resolve();
        },
        heal: async () => await Promise.resolve(),
      };
    },
  },
];

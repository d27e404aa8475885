/** What the configured directory of backups holds: how old, how large, and whether each would restore. */
import { create } from "@bufbuild/protobuf";
import { EtcdscopeError } from "../../shared/errors.ts";
import {
  BackupCheck,
  BackupSchema,
  BackupsFactSchema,
  FactSchema,
} from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Backup, BackupsFact, Fact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { ListedFile } from "../host/list-files.ts";
import { isSnapshotName } from "./check-snapshot.ts";
import type { Observation, Probe, ProbeContext, ProbeSetup } from "./probe.ts";
import { SnapshotChecker } from "./snapshot-checker.ts";

const TOLD = 10;
/** Newest first, files are checked until so many good ones are known: the one to restore from, and one in reserve. */
const GOOD_WANTED = 2;
const AGAIN_MS = 2000;
/** A copy that is still growing looks cut off: younger files are left alone. */
const SETTLED_AFTER_MS = 120_000;
/** Told in steps: a disk that others write to too would be news every minute. */
const ROOM_STEP_BYTES = 64 * 1024 * 1024;

export function createBackupsProbe({ config }: ProbeSetup): Probe {
  const checker = new SnapshotChecker();

  async function run(context: ProbeContext): Promise<Observation> {
    const { backups } = config;
    if (backups === undefined) {
      return {};
    }
    let files: readonly ListedFile[];
    try {
      files = await context.host.listFiles(backups.dir, context.signal);
    } catch (caught) {
      context.signal.throwIfAborted();
      const error = EtcdscopeError.from(caught);
      const problem = error.reason === "not_found" ? "" : error.message;
      return { facts: [createFact({ directory: backups.dir, problem, maxAgeMs: BigInt(backups.maxAgeMs) })] };
    }
    const snapshots = files
      .filter(({ name }) => isSnapshotName(name))
      .toSorted((one, other) => other.modifiedAtMs - one.modifiedAtMs);
    checker.keep(snapshots);
    const newest = snapshots.slice(0, TOLD);
    const findNext = (): ListedFile | undefined => findUnchecked(newest, checker, context.clock.nowMs());
    const next = findNext();
    if (next !== undefined) {
      await checker.advance(backups.dir, next, context);
    }
    const value = {
      directory: backups.dir,
      maxAgeMs: BigInt(backups.maxAgeMs),
      count: snapshots.length,
      newest: newest.map((file) => describe(file, checker)),
      availableBytes: await readRoom(backups.dir, context),
      oldestAtUnixMs: BigInt(Math.round(snapshots.at(-1)?.modifiedAtMs ?? 0)),
    };
    return { facts: [createFact(value)], ...(findNext() !== undefined ? { againMs: AGAIN_MS } : {}) };
  }

  return {
    name: "backups",
    cadence: "slow",
    timeLimitMs: 30_000,
    targets: () => (config.backups === undefined ? [] : [""]),
    run,
  };
}

function findUnchecked(
  files: readonly ListedFile[],
  checker: SnapshotChecker,
  nowMs: number,
): ListedFile | undefined {
  let good = 0;
  for (const file of files) {
    const known = checker.find(file);
    const ageMs = nowMs - file.modifiedAtMs;
    if (known === undefined && !(ageMs >= 0 && ageMs < SETTLED_AFTER_MS)) {
      return file;
    }
    good += known?.check === BackupCheck.VALID ? 1 : 0;
    if (good === GOOD_WANTED) {
      return undefined;
    }
  }
  return undefined;
}

function describe(file: ListedFile, checker: SnapshotChecker): Backup {
  const known = checker.find(file);
  return create(BackupSchema, {
    name: file.name,
    sizeBytes: BigInt(file.sizeBytes),
    modifiedAtUnixMs: BigInt(Math.round(file.modifiedAtMs)),
    check: known?.check ?? BackupCheck.UNKNOWN,
    problem: known === undefined ? "It has not been checked" : known.problem,
  });
}

async function readRoom(directory: string, context: ProbeContext): Promise<bigint> {
  const { availableBytes } = await context.host.readRoomAside(directory, context.signal);
  return BigInt(Math.floor(availableBytes / ROOM_STEP_BYTES) * ROOM_STEP_BYTES);
}

type Told = Partial<Omit<BackupsFact, "$typeName" | "$unknown">>;

function createFact(value: Told): Fact {
  return create(FactSchema, {
    key: "backups",
    body: { case: "backups", value: create(BackupsFactSchema, value) },
  });
}

/** How a container ended, by what its runtime keeps of it on disk. */
import { findDockerRoot } from "../discovery/docker-places.ts";
import { orNothing } from "../host/or-nothing.ts";
import {
  isByConmon,
  isUnseenEnd,
  listContainerRecords,
  listOomMarks,
  parseContainerEnd,
} from "./parse-container-end.ts";
import type { ProbeContext } from "./probe.ts";

const MAX_RECORD_BYTES = 256 * 1024;

export interface ProcessEnd {
  readonly unit: string;
  readonly source: string;
  readonly how: string;
  /** Exit code, or number of the signal. */
  readonly status: number;
  readonly result: string;
  /** Absent: nobody counts them. */
  readonly restarts?: number | undefined;
  /** Absent: just now. */
  readonly endedAtMs?: number | undefined;
}

type Doors = Pick<ProbeContext, "host" | "signal">;

/** undefined: no runtime has written down that it ended. "unseen": one has, which was not there then. */
export async function readContainerEnd(id: string, doors: Doors): Promise<ProcessEnd | "unseen" | undefined> {
  const dockerRoot = await findDockerRoot(async (path) => await findRecord(path, doors));
  for (const { runtime, path } of listContainerRecords(id, dockerRoot)) {
    const text = await findRecord(path, doors);
    const end = text === undefined ? undefined : parseContainerEnd(runtime, text);
    if (end === undefined) {
      continue;
    }
    if (isUnseenEnd(runtime, end)) {
      return "unseen";
    }
    const isKilled = end.code > 128 && end.code < 128 + 65;
    const isMarked = isByConmon(runtime) && isKilled && (await hasMark(listOomMarks(id), doors));
    return {
      unit: `container ${id.slice(0, 12)}`,
      source: runtime,
      how: isKilled ? "killed" : "exited",
      status: isKilled ? end.code - 128 : end.code,
      result: isMarked || end.reason === "OOMKilled" ? "oom-kill" : end.reason,
      restarts: end.restarts,
      endedAtMs: end.endedAtMs ?? (await findModifiedAt(path, doors)),
    };
  }
  return undefined;
}

async function hasMark(paths: readonly string[], doors: Doors): Promise<boolean> {
  for (const path of paths) {
    if ((await findRecord(path, doors)) !== undefined) {
      return true;
    }
  }
  return false;
}

async function findRecord(path: string, { host, signal }: Doors): Promise<string | undefined> {
  return await orNothing(
    host.readSmallFile(path, MAX_RECORD_BYTES, signal).then((bytes) => bytes.toString("utf8")),
  );
}

/** An exit file says no time: it was written when the container ended. */
async function findModifiedAt(path: string, { host, signal }: Doors): Promise<number | undefined> {
  return (await orNothing(host.readFileFacts(path, signal)))?.modifiedAtMs;
}

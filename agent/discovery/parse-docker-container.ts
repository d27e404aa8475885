/** Docker's record of a container (config.v2.json) → the etcd that it runs, and where the host has what it mounts. Pure. */
import { posix } from "node:path";
import type { ProcessUser } from "../host/parse-process-user.ts";
import { findEtcdWords } from "./find-etcd-words.ts";
import { isServer } from "./identify-etcd.ts";
import type { GivenFlags } from "./parse-given-flags.ts";
import { parseArguments, parseEnvironmentFlags } from "./parse-given-flags.ts";
import type { PodMount } from "./parse-manifest.ts";

export interface DockerMount extends PodMount {
  /** The volume that it is; undefined: a directory or file of the host. One that is a mount of its own is there only while it is used. */
  readonly volume: string | undefined;
}

export interface DockerEtcd {
  readonly given: GivenFlags;
  /** Its working directory, as the container sees it. */
  readonly directory: string;
  readonly mounts: readonly DockerMount[];
  readonly sharesNetwork: boolean;
  /** undefined: by a name that only the container knows. */
  readonly user: ProcessUser | undefined;
  /** Of Docker's json-file log driver; undefined: another driver keeps it, or none. */
  readonly logPath: string | undefined;
  /** When it was made, started or ended, whichever was last; 0: not known. */
  readonly changedAtMs: number;
}

/** undefined: it runs something else, a kubelet's Docker runs it, or it is no such record. */
export function parseDockerContainer(text: string): DockerEtcd | undefined {
  // Most containers are none: not parsed.
  const record = text.includes("etcd") ? parseRecord(text) : undefined;
  const config = fieldOf(record, "Config");
  const labels = fieldOf(config, "Labels");
  if (record === undefined || textOf(fieldOf(labels, "io.kubernetes.pod.name")) !== undefined) {
    return undefined;
  }
  const words = [fieldOf(record, "Path"), ...listOf(fieldOf(record, "Args"))].map((word) => String(word));
  const hostname = textOf(fieldOf(config, "Hostname")) ?? "";
  const etcd = findEtcdWords(words, { environment: readEnvironment(config), hostname });
  if (etcd === undefined || !isServer(etcd.words)) {
    return undefined;
  }
  return {
    given: { ...parseEnvironmentFlags(etcd.environment), ...parseArguments(etcd.words) },
    directory: textOf(fieldOf(config, "WorkingDir")) ?? "/",
    mounts: readMounts(fieldOf(record, "MountPoints")),
    sharesNetwork: fieldOf(fieldOf(fieldOf(record, "NetworkSettings"), "Networks"), "host") !== undefined,
    user: parseUser(textOf(fieldOf(config, "User")) ?? ""),
    logPath: textOf(fieldOf(record, "LogPath")),
    changedAtMs: findLastChange(record),
  };
}

function readEnvironment(config: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    listOf(fieldOf(config, "Env")).flatMap((entry) => {
      const [, name, value = ""] = /^([^=]+)=([\s\S]*)$/.exec(String(entry)) ?? [];
      return name === undefined ? [] : [[name, value] as const];
    }),
  );
}

/** What only the container has, as a tmpfs, and what a plugin mounts, is nowhere on the host while it does not run. */
function readMounts(points: unknown): readonly DockerMount[] {
  const all = typeof points === "object" && points !== null ? Object.values(points) : [];
  return all.flatMap((point) => {
    const inside = textOf(fieldOf(point, "Destination"));
    const source = textOf(fieldOf(point, "Source"));
    const kind = fieldOf(point, "Type");
    const isOfHost = kind === "bind" || (kind === "volume" && fieldOf(point, "Driver") === "local");
    const volume = kind === "volume" ? textOf(fieldOf(point, "Name")) : undefined;
    return inside === undefined
      ? []
      : [
          {
            inside: posix.resolve("/", inside),
            outside: isOfHost && source !== undefined ? posix.resolve("/", source) : undefined,
            volume,
          },
        ];
  });
}

/** "", "0", "1000:1000": a name is one of the image's own. */
function parseUser(user: string): ProcessUser | undefined {
  const [, uid, gid = "0"] = /^(\d*)(?::(\d+))?$/.exec(user === "root" ? "0" : user) ?? [];
  return uid === undefined ? undefined : { uid: Number(uid), gids: [Number(gid)] };
}

/** What has not happened was in the year 1. */
function findLastChange(record: unknown): number {
  const state = fieldOf(record, "State");
  const times = [fieldOf(record, "Created"), fieldOf(state, "StartedAt"), fieldOf(state, "FinishedAt")];
  return Math.max(0, ...times.map((time) => Date.parse(String(time))).filter((atMs) => atMs > 0));
}

function parseRecord(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Being written, or another format.
    return undefined;
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

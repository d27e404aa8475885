/** Docker's record of a container (config.v2.json) → the etcd that it runs, and where the host has what it mounts. Pure. */
import { posix } from "node:path";
import type { ProcessUser } from "../host/parse-process-user.ts";
import type { ContainerEtcd } from "./container-etcd.ts";
import { parseEtcdCommand } from "./container-etcd.ts";
import { fieldOf, listOf, parseJson, textOf } from "./json-fields.ts";
import type { PodMount } from "./parse-manifest.ts";

export interface DockerMount extends PodMount {
  /** The volume that it is; undefined: a directory or file of the host. One that is a mount of its own is there only while it is used. */
  readonly volume: string | undefined;
}

export interface DockerEtcd extends ContainerEtcd {
  readonly mounts: readonly DockerMount[];
  /** Of Docker's json-file log driver; undefined: another driver keeps it, or none. */
  readonly logPath: string | undefined;
  /** When it was made, started or ended, whichever was last; 0: not known. */
  readonly changedAtMs: number;
}

/** undefined: it runs something else, a kubelet's Docker runs it, or it is no such record. */
export function parseDockerContainer(text: string): DockerEtcd | undefined {
  // Most containers are none: not parsed.
  const record = text.includes("etcd") ? parseJson(text) : undefined;
  const config = fieldOf(record, "Config");
  const given = parseEtcdCommand([fieldOf(record, "Path"), ...listOf(fieldOf(record, "Args"))], {
    environment: fieldOf(config, "Env"),
    hostname: textOf(fieldOf(config, "Hostname")) ?? "",
  });
  const pod = textOf(fieldOf(fieldOf(config, "Labels"), "io.kubernetes.pod.name"));
  if (given === undefined || pod !== undefined) {
    return undefined;
  }
  return {
    given,
    directory: textOf(fieldOf(config, "WorkingDir")) ?? "/",
    mounts: readMounts(fieldOf(record, "MountPoints")),
    sharesNetwork: fieldOf(fieldOf(fieldOf(record, "NetworkSettings"), "Networks"), "host") !== undefined,
    user: parseUser(textOf(fieldOf(config, "User")) ?? ""),
    logPath: textOf(fieldOf(record, "LogPath")),
    changedAtMs: findLastChange(record),
  };
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

/** Where etcd's log goes: what the configuration says, or what the process itself shows. Pure. */
import { posix } from "node:path";
import type { Starter } from "../discovery/starter.ts";
import { findContainerId } from "./parse-container-end.ts";

export type LogSource =
  | { readonly kind: "file"; readonly path: string }
  /** A container's log below /var/log/pods; uid undefined: kubeadm's own static pod. */
  | { readonly kind: "pod"; readonly podUid: string | undefined }
  /** What a runtime keeps of a container that is in no pod. */
  | { readonly kind: "container"; readonly id: string }
  /** A systemd unit's entries in the journal. */
  | { readonly kind: "journal"; readonly unit: string }
  | { readonly kind: "off" }
  | { readonly kind: "unknown"; readonly reason: string; readonly because: string };

/** What the process shows; all undefined when there is none, or it may not be looked at. */
export interface ProcessTraces {
  /** What its standard error is: a path, "pipe:[…]", "socket:[…]". */
  readonly errorOutput: string | undefined;
  /** The control group that names who started it. */
  readonly cgroup: string | undefined;
  /** Prefix of paths that are in its own view of the file system. */
  readonly rootPrefix: string;
  /** Who would start one, where none runs. */
  readonly starter?: Starter | undefined;
}

/** `configured` as in the configuration: auto, off, pod, journald:UNIT or file:PATH. */
export function decideLogSource(configured: string, traces: ProcessTraces): LogSource {
  if (configured.startsWith("file:")) {
    return { kind: "file", path: configured.slice("file:".length) };
  }
  if (configured.startsWith("journald:")) {
    return journal(configured.slice("journald:".length));
  }
  const podUid = findPodUid(traces.cgroup ?? "");
  if (configured === "off") {
    return { kind: "off" };
  }
  if (configured === "pod" || podUid !== undefined) {
    return { kind: "pod", podUid };
  }
  const { errorOutput, cgroup, starter } = traces;
  if (errorOutput?.startsWith("/") === true && !errorOutput.startsWith("/dev/")) {
    return { kind: "file", path: `${traces.rootPrefix}${errorOutput}` };
  }
  const writing = errorOutput?.startsWith("socket:") === true ? findWritingUnit(cgroup ?? "") : undefined;
  if (writing !== undefined) {
    return journal(writing);
  }
  const id = findContainerId(cgroup ?? "");
  if (id !== undefined) {
    return { kind: "container", id };
  }
  const unit = /\/([\w@:.\\-]+\.service)$/m.exec(cgroup ?? "")?.[1];
  if (unit !== undefined) {
    return journal(unit);
  }
  switch (starter?.kind) {
    case "unit":
      return journal(starter.unit);
    case "pod":
      return { kind: "pod", podUid: undefined };
    case "engine":
      return starter.logPath === undefined
        ? { kind: "container", id: starter.id }
        : { kind: "file", path: starter.logPath };
    case "file":
      return starter;
    case undefined:
  }
  const because =
    errorOutput === undefined
      ? "there is no etcd process that shows where its log goes; set etcd.logs"
      : `etcd writes its log to ${errorOutput}, which the agent cannot read; set etcd.logs`;
  return { kind: "unknown", reason: "no_log", because };
}

function journal(unit: string): LogSource {
  return { kind: "journal", unit: unit.includes(".") ? unit : `${unit}.service` };
}

/**
 * Whose the journal calls what a process writes to its socket: the first unit of its path that is no slice. A container has such a socket where
 * its runtime passes its output through, as Podman's own units (Quadlet) have it.
 */
function findWritingUnit(cgroup: string): string | undefined {
  return /\/([\w@:.\\-]+\.(?:service|scope))(?:\/|$)/m.exec(cgroup)?.[1];
}

/** With systemd's cgroups the UID has underscores; a static pod's is a hash without dashes. */
function findPodUid(cgroup: string): string | undefined {
  return /kubepods.*pod([0-9a-f]{8}(?:[-_]?[0-9a-f]{4}){3}[-_]?[0-9a-f]{12})/
    .exec(cgroup)?.[1]
    ?.replaceAll("_", "-");
}

/** A pod that was made anew leaves its old folder for a while, and a job that backs etcd up may be named like it. */
const MAX_POD_FOLDERS = 16;

/** The folders below /var/log/pods that can be the pod's. */
export function listPodFolders(names: readonly string[], podUid: string | undefined): readonly string[] {
  return names
    .filter((name) =>
      podUid === undefined ? name.startsWith("kube-system_etcd-") : name.endsWith(`_${podUid}`),
    )
    .slice(0, MAX_POD_FOLDERS);
}

/** A kubelet keeps a few that have ended. */
const MAX_CONTAINER_LOGS = 32;

export interface ContainerLog {
  readonly id: string;
  readonly name: string;
}

/** The names below /var/log/containers that are of kubeadm's etcd: "POD_NAMESPACE_CONTAINER-ID.log". */
export function listContainerLogs(names: readonly string[]): readonly ContainerLog[] {
  return names
    .flatMap((name) => {
      const id = /^etcd-[^_]*_kube-system_etcd-([0-9a-f]{64})\.log$/.exec(name)?.[1];
      return id === undefined ? [] : [{ id, name }];
    })
    .slice(0, MAX_CONTAINER_LOGS);
}

/**
 * True for two places of one container: a static pod whose manifest was changed has another UID, and so another folder; what an engine runs is
 * another container with each change.
 */
export function isSameContainer(one: string, other: string): boolean {
  const withoutId = (path: string): string =>
    posix
      .dirname(path.replace(/^(\/var\/log\/pods\/[^/]+)_[^/_]+\//, "$1/"))
      .replace(/containers\/[0-9a-f]{64}(?=$|\/userdata$)/, "containers");
  return withoutId(one) === withoutId(other);
}

/** The log of the container's last start: the highest number. Rotated ones have a time behind theirs. */
export function chooseContainerLog(names: readonly string[]): string | undefined {
  const numbers = names.flatMap((name) => /^(\d+)\.log$/.exec(name)?.[1] ?? []).map(Number);
  return numbers.length === 0 ? undefined : `${Math.max(...numbers)}.log`;
}

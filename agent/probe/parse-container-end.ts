/** How a container's runtime recorded that it ended: texts of files that containerd, CRI-O, Docker and Podman keep. Pure. */
import { DOCKER_ROOT, dockerRecord } from "../discovery/docker-places.ts";

export type ContainerRuntime = "containerd" | "cri-o" | "docker" | "podman";

export interface ContainerEnd {
  /** Exit code; above 128 the number of the signal that ended it, plus 128. */
  readonly code: number;
  /** The runtime's word for it: "error", "starterror", "OOMKilled", or why Docker could not start it; empty: it has none. */
  readonly reason: string;
  /** Absent: the record does not say. */
  readonly endedAtMs?: number;
  /** By the runtime itself. Absent: it counts none. */
  readonly restarts?: number;
}

export interface ContainerRecord {
  readonly runtime: ContainerRuntime;
  readonly path: string;
}

/**
 * An id in the last part of a cgroup's path: "cri-containerd-ID.scope", "crio-ID.scope", "ID"; with cgroups of version 2 crun has a
 * "container" below the scope, and where containerd was not told of systemd it is "SLICE:cri-containerd:ID".
 */
export function findContainerId(cgroup: string): string | undefined {
  return /(?:^|[-/:])([0-9a-f]{64})(?:\.scope)?(?:\/container)?$/m.exec(cgroup)?.[1];
}

/** What containerd and Docker write down of a container that was gone when they came back: nobody saw how it ended, nor when. */
const UNSEEN_CODE = 255;

export function isUnseenEnd(runtime: ContainerRuntime, { code }: ContainerEnd): boolean {
  return !isByConmon(runtime) && code === UNSEEN_CODE;
}

/** Where the end of a container may be recorded; also what RKE2 and k3s bring with them. */
export function listContainerRecords(id: string, dockerRoot = DOCKER_ROOT): readonly ContainerRecord[] {
  const roots = ["/var/lib", "/var/lib/rancher/rke2/agent", "/var/lib/rancher/k3s/agent"];
  return [
    ...roots.map((root) => ({
      runtime: "containerd" as const,
      path: `${root}/containerd/io.containerd.grpc.v1.cri/containers/${id}/status`,
    })),
    { runtime: "cri-o", path: `/var/run/crio/exits/${id}` },
    { runtime: "podman", path: `/run/libpod/exits/${id}` },
    { runtime: "docker", path: dockerRecord(dockerRoot, id) },
  ];
}

/** CRI-O and Podman have it written down by conmon. */
export function isByConmon(runtime: ContainerRuntime): boolean {
  return runtime === "cri-o" || runtime === "podman";
}

/** Where conmon leaves an empty file when a container was killed for memory: its record of the end does not say so. */
export function listOomMarks(id: string): readonly string[] {
  return ["/run", "/var/lib"].flatMap((root) =>
    ["overlay", "vfs"].map((driver) => `${root}/containers/storage/${driver}-containers/${id}/userdata/oom`),
  );
}

/** undefined: it has not ended as far as this text knows, or the text is none of that runtime's. */
export function parseContainerEnd(runtime: ContainerRuntime, text: string): ContainerEnd | undefined {
  if (isByConmon(runtime)) {
    return /^\d{1,3}\s*$/.test(text) ? { code: Number(text), reason: "" } : undefined;
  }
  const record = parseRecord(text);
  if (runtime === "containerd") {
    const { FinishedAt: finished, ExitCode: code, Reason: reason } = record;
    return typeof finished === "number" && finished > 0 && typeof code === "number"
      ? {
          code,
          reason: reason === "OOMKilled" ? reason : toText(reason).toLowerCase(),
          endedAtMs: Math.round(finished / 1e6),
        }
      : undefined;
  }
  return parseDockerEnd(record);
}

/** Longer ones name what the operator asked for once more. */
const MAX_REASON = 200;

function parseDockerEnd(record: Readonly<Record<string, unknown>>): ContainerEnd | undefined {
  const state = toRecord(record["State"]);
  const { Running: isRunning, Restarting: isRestarting, ExitCode: code, OOMKilled: isOutOfMemory } = state;
  const problem = toText(state["Error"]).slice(0, MAX_REASON);
  // One that never ran ended in the year 1: when it was made, if it could not be started.
  const finishedAtMs = Date.parse(toText(state["FinishedAt"]));
  const endedAtMs =
    finishedAtMs > 0 ? finishedAtMs : problem === "" ? Number.NaN : Date.parse(toText(record["Created"]));
  // While it waits to start it again, Docker calls it running.
  const isEnded = (isRunning === false || isRestarting === true) && Number.isFinite(endedAtMs);
  const { RestartCount: restarts } = record;
  return isEnded && typeof code === "number"
    ? {
        code,
        reason: isOutOfMemory === true ? "OOMKilled" : problem,
        endedAtMs,
        ...(typeof restarts === "number" ? { restarts } : {}),
      }
    : undefined;
}

function parseRecord(text: string): Readonly<Record<string, unknown>> {
  try {
    return toRecord(JSON.parse(text));
  } catch {
    // Being written, or another format.
    return {};
  }
}

function toText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function toRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

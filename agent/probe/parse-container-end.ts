/** How a container's runtime recorded that it ended: texts of files that containerd, CRI-O and Docker keep. Pure. */

export type ContainerRuntime = "containerd" | "cri-o" | "docker";

export interface ContainerEnd {
  /** Exit code; above 128 the number of the signal that ended it, plus 128. */
  readonly code: number;
  /** The runtime's word for it: "Error", "Completed", "OOMKilled"; empty: it has none. */
  readonly reason: string;
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

/** Where the end of a container may be recorded; also what RKE2 and k3s bring with them. */
export function listContainerRecords(id: string): readonly ContainerRecord[] {
  const roots = ["/var/lib", "/var/lib/rancher/rke2/agent", "/var/lib/rancher/k3s/agent"];
  return [
    ...roots.map((root) => ({
      runtime: "containerd" as const,
      path: `${root}/containerd/io.containerd.grpc.v1.cri/containers/${id}/status`,
    })),
    { runtime: "cri-o", path: `/var/run/crio/exits/${id}` },
    { runtime: "docker", path: `/var/lib/docker/containers/${id}/config.v2.json` },
  ];
}

/** Where CRI-O's conmon leaves an empty file when a container was killed for memory: its record of the end does not say so. */
export function listOomMarks(id: string): readonly string[] {
  return ["/run", "/var/lib"].map(
    (root) => `${root}/containers/storage/overlay-containers/${id}/userdata/oom`,
  );
}

/** undefined: it has not ended as far as this text knows, or the text is none of that runtime's. */
export function parseContainerEnd(runtime: ContainerRuntime, text: string): ContainerEnd | undefined {
  if (runtime === "cri-o") {
    return /^\d{1,3}\s*$/.test(text) ? { code: Number(text), reason: "" } : undefined;
  }
  const record = parseRecord(text);
  if (runtime === "containerd") {
    const { FinishedAt: finished, ExitCode: code, Reason: reason } = record;
    return typeof finished === "number" && finished > 0 && typeof code === "number"
      ? { code, reason: typeof reason === "string" ? reason : "" }
      : undefined;
  }
  const state = toRecord(record["State"]);
  const { Running: isRunning, Restarting: isRestarting, FinishedAt: finished } = state;
  const { ExitCode: code, OOMKilled: isOutOfMemory } = state;
  // While it waits to start it again, Docker calls it running. One that never ran ended in the year 1.
  const isEnded = (isRunning === false || isRestarting === true) && !String(finished).startsWith("0001-");
  return isEnded && typeof code === "number"
    ? { code, reason: isOutOfMemory === true ? "OOMKilled" : "" }
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

function toRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

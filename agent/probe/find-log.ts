/** Where etcd's log is on this node now: asked of the configuration, the process, or what would start it. */
import { posix } from "node:path";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { AgentConfig } from "../config.ts";
import { findConfiguredEtcd } from "../discovery/find-configured-etcd.ts";
import { chooseContainerLog, decideLogSource, listPodFolders } from "./log-source.ts";
import type { LogSource } from "./log-source.ts";
import type { ProbeContext } from "./probe.ts";

export type FoundLog =
  | { readonly kind: "file"; readonly key: string; readonly path: string }
  | { readonly kind: "journal"; readonly key: string; readonly unit: string };

const PODS = "/var/log/pods";
/** Docker's, with its json-file log driver. */
const DOCKER_CONTAINERS = "/var/lib/docker/containers";
/** A UID for each change of the manifest; kubelet removes what is left of the former ones. */
const MAX_FOLDERS = 20;

/** Rejects with NOT_APPLICABLE and the reason where there is none. */
export async function findLog(config: AgentConfig["etcd"], context: ProbeContext): Promise<FoundLog> {
  const { host, discovered, signal } = context;
  const pid = discovered?.pid;
  const starter =
    pid === undefined && config.logs === "auto" ? await findConfiguredEtcd(host, config, signal) : undefined;
  const source = decideLogSource(config.logs, {
    errorOutput: pid === undefined ? undefined : host.findProcessErrorOutput(pid),
    cgroup: pid === undefined ? undefined : host.findProcessCgroup(pid),
    rootPrefix: discovered?.rootPrefix ?? "",
    starter: starter?.source,
  });
  switch (source.kind) {
    case "file":
      return fileAt(source.path);
    case "pod":
      return fileAt(await findPodLog(context, source));
    case "container":
      return fileAt(await findContainerLog(context, source.id));
    case "journal":
      return { kind: "journal", key: `journal ${source.unit}`, unit: source.unit };
    case "off":
      throw skipped("disabled", "Reading etcd's log is switched off in the configuration");
    case "unknown":
      throw skipped(source.reason, source.because);
  }
}

function fileAt(path: string): FoundLog {
  return { kind: "file", key: `file ${path}`, path };
}

async function findPodLog(
  context: ProbeContext,
  source: LogSource & { readonly kind: "pod" },
): Promise<string> {
  const { host, signal } = context;
  const folder = await chooseNewest(
    listPodFolders(await host.listDirectory(PODS, signal), source.podUid),
    context,
  );
  if (folder === undefined) {
    throw skipped("no_log", `No folder of etcd's pod ${source.podUid ?? ""} is below ${PODS}`);
  }
  const containers = await host.listDirectory(posix.join(PODS, folder), signal);
  const container = containers.includes("etcd") ? "etcd" : (containers[0] ?? "");
  const directory = posix.join(PODS, folder, container);
  const log = chooseContainerLog(await host.listDirectory(directory, signal));
  if (log === undefined) {
    throw skipped("no_log", `There is no container log in ${directory}`);
  }
  return posix.join(directory, log);
}

/** The one in which a container was made last: of a pod that is gone the logs may still be there. */
async function chooseNewest(
  folders: readonly string[],
  { host, signal }: ProbeContext,
): Promise<string | undefined> {
  if (folders.length < 2) {
    return folders[0];
  }
  const times = await Promise.all(
    folders.slice(-MAX_FOLDERS).map(async (folder) => {
      const facts = await host
        .readFileFacts(posix.join(PODS, folder, "etcd"), signal)
        .catch(() => ({ modifiedAtMs: 0 }));
      return { folder, atMs: facts.modifiedAtMs };
    }),
  );
  return times.toSorted((one, other) => other.atMs - one.atMs)[0]?.folder;
}

async function findContainerLog({ host, signal }: ProbeContext, id: string): Promise<string> {
  const directory = posix.join(DOCKER_CONTAINERS, id);
  const name = `${id}-json.log`;
  const names = await host.listDirectory(directory, signal).catch((caught: unknown): string[] => {
    if (EtcdscopeError.from(caught).code === "TIMED_OUT") {
      throw caught;
    }
    return [];
  });
  if (!names.includes(name)) {
    throw skipped(
      "no_log",
      `No runtime keeps a log of container ${id.slice(0, 12)} as a file; set etcd.logs`,
    );
  }
  return posix.join(directory, name);
}

function skipped(reason: string, sentence: string): EtcdscopeError {
  return new EtcdscopeError("NOT_APPLICABLE", sentence, { reason });
}

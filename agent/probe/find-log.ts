/** Where etcd's log is on this node now: asked of the configuration, the process, or what would start it. */
import { posix } from "node:path";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { AgentConfig } from "../config.ts";
import { dockerRecord, findDockerRoot } from "../discovery/docker-places.ts";
import { findConfiguredEtcd } from "../discovery/find-configured-etcd.ts";
import { listPodmanFolders, podmanPlace } from "../discovery/podman-places.ts";
import { orNothing } from "../host/or-nothing.ts";
import { chooseContainerLog, decideLogSource, listPodFolders } from "./log-source.ts";
import type { LogSource } from "./log-source.ts";
import type { ProbeContext } from "./probe.ts";

export type FoundLog =
  | { readonly kind: "file"; readonly key: string; readonly path: string }
  | { readonly kind: "journal"; readonly key: string; readonly unit: string };

const PODS = "/var/log/pods";
const MAX_SETTINGS_BYTES = 64 * 1024;

/** Rejects with NOT_APPLICABLE and the reason where there is none. */
export async function findLog(config: AgentConfig["etcd"], context: ProbeContext): Promise<FoundLog> {
  const { host, discovered, signal } = context;
  const pid = discovered?.pid;
  const isAsked = config.logs === "auto" && pid === undefined && context.isUndecided !== true;
  const found = isAsked ? await findConfiguredEtcd(host, config, signal) : undefined;
  const source = decideLogSource(config.logs, {
    errorOutput: pid === undefined ? undefined : host.findProcessErrorOutput(pid),
    cgroup: pid === undefined ? undefined : host.findProcessCgroup(pid),
    rootPrefix: discovered?.rootPrefix ?? "",
    starter: found?.starter,
  });
  switch (source.kind) {
    case "file":
      return fileAt(source.path);
    case "pod":
      return fileAt(await findPodLog(context, source));
    case "container":
      return fileAt(await findEngineLog(context, source.id));
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
  const names = listPodFolders(await host.listDirectory(PODS, signal), source.podUid);
  const logs: { readonly path: string; readonly modifiedAtMs: number }[] = [];
  for (const name of names) {
    const path = await findContainerLog(context, posix.join(PODS, name), source.podUid !== undefined);
    if (path !== undefined) {
      const facts = names.length === 1 ? undefined : await host.readFileFacts(path, signal);
      logs.push({ path, modifiedAtMs: facts?.modifiedAtMs ?? 0 });
    }
  }
  const newest = logs.toSorted((one, other) => other.modifiedAtMs - one.modifiedAtMs)[0];
  if (newest === undefined) {
    const whose = source.podUid === undefined ? "" : ` ${source.podUid}`;
    throw skipped("no_log", `No log of etcd's pod${whose} is below ${PODS}`);
  }
  return newest.path;
}

/** undefined: no container of it is etcd's, or none has written a log. A pod that is known to be etcd's may name it otherwise. */
async function findContainerLog(
  { host, signal }: ProbeContext,
  folder: string,
  isKnown: boolean,
): Promise<string | undefined> {
  const containers = await host.listDirectory(folder, signal);
  const container = containers.includes("etcd") ? "etcd" : isKnown ? containers[0] : undefined;
  if (container === undefined) {
    return undefined;
  }
  const directory = posix.join(folder, container);
  const log = chooseContainerLog(await host.listDirectory(directory, signal));
  return log === undefined ? undefined : posix.join(directory, log);
}

/** Docker's with its json-file log driver, or Podman's with k8s-file: beside what else they keep of the container. */
async function findEngineLog({ host, signal }: ProbeContext, id: string): Promise<string> {
  const read = async (path: string): Promise<string | undefined> =>
    (await orNothing(host.readSmallFile(path, MAX_SETTINGS_BYTES, signal)))?.toString("utf8");
  const docker = posix.dirname(dockerRecord(await findDockerRoot(read), id));
  const places = [
    posix.join(docker, `${id}-json.log`),
    ...listPodmanFolders().map((folder) => podmanPlace(folder, id).log),
  ];
  for (const path of places) {
    const names = (await orNothing(host.listDirectory(posix.dirname(path), signal))) ?? [];
    if (names.includes(posix.basename(path))) {
      return path;
    }
  }
  throw skipped("no_log", `No runtime keeps a log of container ${id.slice(0, 12)} as a file; set etcd.logs`);
}

function skipped(reason: string, sentence: string): EtcdscopeError {
  return new EtcdscopeError("NOT_APPLICABLE", sentence, { reason });
}

/** Where etcd's log is on this node now: asked of the configuration, the process, or what would start it. */
import { posix } from "node:path";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { AgentConfig } from "../config.ts";
import { dockerRecord, dockerSettings, findDockerRoot, parseLogDriver } from "../discovery/docker-places.ts";
import { findConfiguredEtcd } from "../discovery/find-configured-etcd.ts";
import { listPodmanFolders, podmanPlace } from "../discovery/podman-places.ts";
import { orNothing } from "../host/or-nothing.ts";
import { chooseContainerLog, decideLogSource, listPodFolders } from "./log-source.ts";
import type { LogSource } from "./log-source.ts";
import type { ProbeContext } from "./probe.ts";

export type FoundLog =
  | { readonly kind: "file"; readonly key: string; readonly path: string }
  /** `match`: the name of a unit, or "FIELD=VALUE" as journalctl takes it. */
  | { readonly kind: "journal"; readonly key: string; readonly match: string };

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
      return await findEngineLog(context, source.id);
    case "journal":
      return inJournal(source.unit);
    case "off":
      throw skipped("disabled", "Reading etcd's log is switched off in the configuration");
    case "unknown":
      throw skipped(source.reason, source.because);
  }
}

function fileAt(path: string): FoundLog {
  return { kind: "file", key: `file ${path}`, path };
}

function inJournal(match: string): FoundLog {
  return { kind: "journal", key: `journal ${match}`, match };
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

/** A file with Docker's json-file log driver or Podman's k8s-file, beside what else they keep of the container; else perhaps in the journal. */
async function findEngineLog({ host, signal }: ProbeContext, id: string): Promise<FoundLog> {
  const read = async (path: string): Promise<string | undefined> =>
    (await orNothing(host.readSmallFile(path, MAX_SETTINGS_BYTES, signal)))?.toString("utf8");
  const list = async (folder: string): Promise<readonly string[]> =>
    (await orNothing(host.listDirectory(folder, signal))) ?? [];
  const root = await findDockerRoot(read);
  const log = posix.join(posix.dirname(dockerRecord(root, id)), `${id}-json.log`);
  if ((await list(posix.dirname(log))).includes(posix.basename(log))) {
    return fileAt(log);
  }
  const driver = parseLogDriver((await read(dockerSettings(root, id))) ?? "");
  let isPodmans = false;
  for (const folder of listPodmanFolders()) {
    const place = podmanPlace(folder, id);
    const names = await list(posix.dirname(place.log));
    if (names.includes(posix.basename(place.log))) {
      return fileAt(place.log);
    }
    isPodmans ||= names.includes(posix.basename(place.record));
  }
  // Podman has no other driver that keeps anything; both engines name the container so.
  if (driver === "journald" || isPodmans) {
    return inJournal(`CONTAINER_ID_FULL=${id}`);
  }
  const name = id.slice(0, 12);
  throw skipped(
    "no_log",
    driver === undefined
      ? `No runtime keeps a log of container ${name} as a file; set etcd.logs`
      : `Docker keeps the log of container ${name} with its driver "${driver}", which the agent cannot read; set etcd.logs`,
  );
}

function skipped(reason: string, sentence: string): EtcdscopeError {
  return new EtcdscopeError("NOT_APPLICABLE", sentence, { reason });
}

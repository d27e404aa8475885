/** Where etcd's log is on this node now: asked of the configuration, the process, or what would start it. */
import { posix } from "node:path";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { AgentConfig } from "../config.ts";
import { findConfiguredEtcd } from "../discovery/find-configured-etcd.ts";
import { chooseContainerLog, choosePodFolder, decideLogSource } from "./log-source.ts";
import type { LogSource } from "./log-source.ts";
import type { ProbeContext } from "./probe.ts";

export type FoundLog =
  | { readonly kind: "file"; readonly key: string; readonly path: string }
  | { readonly kind: "journal"; readonly key: string; readonly unit: string };

const PODS = "/var/log/pods";

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
  const folder = choosePodFolder(await host.listDirectory(PODS, signal), source.podUid);
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

function skipped(reason: string, sentence: string): EtcdscopeError {
  return new EtcdscopeError("NOT_APPLICABLE", sentence, { reason });
}

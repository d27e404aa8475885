/** Which container was a static pod's last one, by the names that the kubelet gives its logs: they are there when nothing runs. */
import { posix } from "node:path";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { AgentConfig } from "../config.ts";
import { orNothing } from "../host/or-nothing.ts";
import { findLog } from "./find-log.ts";
import { listContainerLogs } from "./log-source.ts";
import type { ProbeContext } from "./probe.ts";

/** Links to the logs of all containers of all pods, named for pod, name and id of the container. */
const CONTAINER_LOGS = "/var/log/containers";

export interface PodContainer {
  readonly id: string;
  /** The kubelet counts its starts in the name of its log. */
  readonly restarts: number | undefined;
}

/** Rejects with NOT_APPLICABLE and the reason where it is not known. */
export async function findPodContainer(
  config: AgentConfig["etcd"],
  context: ProbeContext,
): Promise<PodContainer> {
  const { host, signal } = context;
  const log = await findLog({ ...config, logs: "pod" }, context);
  const path = log.kind === "file" ? log.path : "";
  const wanted = await host.readFileFacts(path, signal);
  for (const { id, name } of listContainerLogs(
    (await orNothing(host.listDirectory(CONTAINER_LOGS, signal))) ?? [],
  )) {
    // A link whose log is gone leads nowhere.
    const facts = await orNothing(host.readFileFacts(posix.join(CONTAINER_LOGS, name), signal));
    if (facts?.inode === wanted.inode && facts.device === wanted.device) {
      const number = /\/(\d+)\.log$/.exec(path)?.[1];
      return { id, restarts: number === undefined ? undefined : Number(number) };
    }
  }
  throw new EtcdscopeError(
    "NOT_APPLICABLE",
    `No name in ${CONTAINER_LOGS} says which container wrote ${path}`,
    {
      reason: "no_record",
    },
  );
}

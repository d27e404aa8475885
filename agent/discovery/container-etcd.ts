/** An etcd that a container engine would start, as the engine's own record of the container has it. */
import type { ProcessUser } from "../host/parse-process-user.ts";
import { findEtcdWords } from "./find-etcd-words.ts";
import { isServer } from "./identify-etcd.ts";
import { listOf } from "./json-fields.ts";
import type { GivenFlags } from "./parse-given-flags.ts";
import { parseArguments, parseEnvironmentFlags } from "./parse-given-flags.ts";
import type { PodMount } from "./parse-manifest.ts";

export interface ContainerEtcd {
  readonly given: GivenFlags;
  /** Its working directory, as the container sees it. */
  readonly directory: string;
  readonly mounts: readonly PodMount[];
  readonly sharesNetwork: boolean;
  /** undefined: by a name that only the container knows. */
  readonly user: ProcessUser | undefined;
}

export interface FoundContainerEtcd extends ContainerEtcd {
  readonly engine: "docker" | "podman";
  readonly id: string;
  /** The engine's record of it. */
  readonly path: string;
  /** undefined: its log is in no file. */
  readonly logPath: string | undefined;
  /** When it was made, started or ended, whichever was last; 0: not known. */
  readonly changedAtMs: number;
}

/** undefined: the command starts no etcd server. `environment`: "NAME=value" each. */
export function parseEtcdCommand(
  words: readonly unknown[],
  { environment, hostname }: { readonly environment: unknown; readonly hostname: string },
): GivenFlags | undefined {
  const known = Object.fromEntries(
    listOf(environment).flatMap((entry) => {
      const [, name, value = ""] = /^([^=]+)=([\s\S]*)$/.exec(String(entry)) ?? [];
      return name === undefined ? [] : [[name, value] as const];
    }),
  );
  const etcd = findEtcdWords(words.map(String), { environment: known, hostname });
  return etcd === undefined || !isServer(etcd.words)
    ? undefined
    : { ...parseEnvironmentFlags(etcd.environment), ...parseArguments(etcd.words) };
}

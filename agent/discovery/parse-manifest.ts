/** A static pod's manifest → how its etcd is started, and where the host has what the container mounts. */
import { findEtcdWords } from "./find-etcd-words.ts";
import { fieldOf, listOf, textOf } from "./json-fields.ts";
import type { GivenFlags } from "./parse-given-flags.ts";
import { parseArguments, parseEnvironmentFlags } from "./parse-given-flags.ts";

/** What is below `inside` in the container is below `outside` on the host; undefined: the host has it nowhere that is known. */
export interface PodMount {
  readonly inside: string;
  readonly outside: string | undefined;
}

export interface ParsedManifest {
  readonly given: GivenFlags;
  /** As the container sees it. */
  readonly directory: string;
  readonly mounts: readonly PodMount[];
  readonly sharesNetwork: boolean;
}

/** undefined: no container in it runs etcd, or it is no manifest. */
export async function parseManifest(text: string, hostname: string): Promise<ParsedManifest | undefined> {
  // Loaded only here: the agent is to stay small.
  const { parse } = await import("yaml");
  let document: unknown;
  try {
    // a tag that it does not know is no reason for a line on our standard error
    document = parse(text, { logLevel: "error" });
  } catch {
    return undefined;
  }
  const spec = fieldOf(document, "spec");
  for (const container of listOf(fieldOf(spec, "containers"))) {
    const environment = readEnvironment(container, hostname);
    const words = [...listOf(fieldOf(container, "command")), ...listOf(fieldOf(container, "args"))].map(
      (word) => expandVariables(String(word), environment),
    );
    const etcd = findEtcdWords(words, { environment, hostname });
    if (etcd !== undefined) {
      return {
        given: { ...parseEnvironmentFlags(etcd.environment), ...parseArguments(etcd.words) },
        directory: textOf(fieldOf(container, "workingDir")) ?? "/",
        mounts: readMounts(container, listOf(fieldOf(spec, "volumes"))),
        sharesNetwork: fieldOf(spec, "hostNetwork") === true,
      };
    }
  }
  return undefined;
}

/** By the deepest mount above each path; those that the host has nowhere are left out. */
export function mapPodPaths(
  paths: readonly string[],
  mounts: readonly PodMount[],
): Readonly<Record<string, string>> {
  const mapped: Record<string, string> = {};
  for (const path of paths) {
    const [mount] = mounts
      .filter(({ inside }) => path === inside || path.startsWith(`${inside}/`) || inside === "/")
      .toSorted((one, other) => other.inside.length - one.inside.length);
    if (mount?.outside !== undefined) {
      mapped[path] = `${mount.outside}${path.slice(mount.inside === "/" ? 0 : mount.inside.length)}`;
    }
  }
  return mapped;
}

function readMounts(container: unknown, volumes: readonly unknown[]): readonly PodMount[] {
  return listOf(fieldOf(container, "volumeMounts")).flatMap((mount) => {
    const inside = textOf(fieldOf(mount, "mountPath"));
    const volume = volumes.find((one) => fieldOf(one, "name") === fieldOf(mount, "name"));
    const host = textOf(fieldOf(fieldOf(volume, "hostPath"), "path"));
    const below = textOf(fieldOf(mount, "subPath"));
    return inside === undefined
      ? []
      : [
          {
            inside: withoutEndingSlash(inside),
            outside: host && `${withoutEndingSlash(host)}${below === undefined ? "" : `/${below}`}`,
          },
        ];
  });
}

/** Of what the kubelet fills in, the names that the host has itself. */
function readEnvironment(container: unknown, hostname: string): Readonly<Record<string, string>> {
  const environment: Record<string, string> = {};
  for (const entry of listOf(fieldOf(container, "env"))) {
    const name = textOf(fieldOf(entry, "name"));
    const field = fieldOf(fieldOf(fieldOf(entry, "valueFrom"), "fieldRef"), "fieldPath");
    const value = textOf(fieldOf(entry, "value")) ?? (field === "spec.nodeName" ? hostname : undefined);
    if (name !== undefined && value !== undefined) {
      environment[name] = expandVariables(value, environment);
    }
  }
  return environment;
}

/** "$(NAME)" by the container's environment, as the kubelet does it; an unknown one stays as it is. */
function expandVariables(text: string, environment: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\(([\w.-]+)\)/g, (whole, name: string) => environment[name] ?? whole);
}

function withoutEndingSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") : path;
}

/** Podman's record of a container (the OCI runtime's config.json) → the etcd that it runs. Pure. */
import { posix } from "node:path";
import type { ContainerEtcd } from "./container-etcd.ts";
import { parseEtcdCommand } from "./container-etcd.ts";
import { fieldOf, listOf, parseJson, textOf } from "./json-fields.ts";

/** undefined: it runs something else, it is CRI-O's, which has its records in the same place, or it is no such record. */
export function parsePodmanContainer(text: string): ContainerEtcd | undefined {
  // Most containers are none: not parsed.
  const spec = text.includes("etcd") ? parseJson(text) : undefined;
  const process = fieldOf(spec, "process");
  const given = parseEtcdCommand(listOf(fieldOf(process, "args")), {
    environment: fieldOf(process, "env"),
    hostname: textOf(fieldOf(spec, "hostname")) ?? "",
  });
  if (given === undefined || fieldOf(fieldOf(spec, "annotations"), "io.container.manager") !== "libpod") {
    return undefined;
  }
  const user = fieldOf(process, "user");
  const [uid, gid] = [fieldOf(user, "uid"), fieldOf(user, "gid")];
  const more = listOf(fieldOf(user, "additionalGids")).map(Number);
  return {
    given,
    directory: textOf(fieldOf(process, "cwd")) ?? "/",
    mounts: listOf(fieldOf(spec, "mounts")).flatMap((mount) => {
      const inside = textOf(fieldOf(mount, "destination"));
      const source = fieldOf(mount, "type") === "bind" ? textOf(fieldOf(mount, "source")) : undefined;
      return inside === undefined ? [] : [{ inside: posix.resolve("/", inside), outside: source }];
    }),
    sharesNetwork: !listOf(fieldOf(fieldOf(spec, "linux"), "namespaces")).some(
      (namespace) => fieldOf(namespace, "type") === "network",
    ),
    user:
      typeof uid === "number" && typeof gid === "number"
        ? { uid, gids: [...new Set([gid, ...more])] }
        : undefined,
  };
}

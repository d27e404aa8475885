/** As whom a unit or a static pod's manifest starts etcd: numbers, since that is what files are owned by. */
import type { ProcessUser } from "../host/parse-process-user.ts";

const ROOT: ProcessUser = { uid: 0, gids: [0] };

/**
 * `unit` is the unit's text with those of its drop-ins behind it: the last word counts. undefined: it names a user that this
 * machine does not know, or makes one up at each start (DynamicUser).
 */
export async function findUnitUser(
  unit: string,
  read: (path: string) => Promise<string | undefined>,
): Promise<ProcessUser | undefined> {
  const at = (key: string): string | undefined =>
    [...unit.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].at(-1)?.[1]?.trim();
  if (/^(?:yes|true|on|1)$/i.test(at("DynamicUser") ?? "")) {
    return undefined;
  }
  const user = at("User");
  if (user === undefined || user === "") {
    return ROOT;
  }
  const passwd = parseTable(await read("/etc/passwd"));
  const groups = parseTable(await read("/etc/group"));
  const entry = passwd.find(([name, , uid]) => name === user || uid === user);
  if (entry === undefined) {
    return undefined;
  }
  const [name = "", , uid, gid] = entry;
  const group = at("Group");
  const own = groups.find(([other, , number]) => other === group || number === group)?.[2] ?? gid;
  const more = groups.filter(([, , , members]) => (members ?? "").split(",").includes(name));
  return {
    uid: Number(uid),
    gids: [...new Set([Number(own), ...more.map(([, , number]) => Number(number))])],
  };
}

/** kubeadm writes numbers there, and nothing where etcd is root. */
export function findManifestUser(manifest: string): ProcessUser {
  const uid = /\brunAsUser:\s*(\d+)/.exec(manifest)?.[1];
  const gid = /\brunAsGroup:\s*(\d+)/.exec(manifest)?.[1];
  return uid === undefined ? ROOT : { uid: Number(uid), gids: [Number(gid ?? 0)] };
}

function parseTable(text: string | undefined): readonly (readonly string[])[] {
  return (text ?? "").split("\n").map((line) => line.split(":"));
}

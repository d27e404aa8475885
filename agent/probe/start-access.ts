/** Whether etcd's user may do what it needs with a file, by owner and mode alone: pure, so that it is a table of cases. */
import type { FileFacts } from "../host/host-door.ts";
import type { ProcessUser } from "../host/parse-process-user.ts";

/** search: a directory on the way. read: a file. use: a directory that it writes in, or a file that it writes to. */
export type Need = "search" | "read" | "use";

type Facts = Pick<FileFacts, "kind" | "mode" | "uid" | "gid">;

const READ = 4;
const WRITE = 2;
const SEARCH = 1;

/** Root may everything: as etcd's user is given. Access lists (ACLs) are not looked at. */
export function isDenied(user: ProcessUser, facts: Facts, need: Need): boolean {
  if (user.uid === 0) {
    return false;
  }
  const shift = facts.uid === user.uid ? 6 : user.gids.includes(facts.gid) ? 3 : 0;
  const granted = (facts.mode >> shift) & 7;
  const wanted =
    need === "search"
      ? SEARCH
      : need === "read"
        ? READ
        : facts.kind === "directory"
          ? READ | WRITE | SEARCH
          : READ | WRITE;
  return (granted & wanted) !== wanted;
}

/** "/a/b/c" → "/", "/a", "/a/b": what must be searched to get there. */
export function listParents(path: string): readonly string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return parts.map((_, index) => (index === 0 ? "/" : `/${parts.slice(0, index).join("/")}`));
}

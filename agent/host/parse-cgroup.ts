/** Text of /proc/PID/cgroup → the one group that names who started the process. Pure, tested on captured text. */

/** systemd's own hierarchy of version 1, else that of version 2, else the longest path of any controller. */
export function parseCgroup(text: string): string {
  const groups = text.split("\n").flatMap((line) => {
    const [id = "", controllers = "", ...path] = line.split(":");
    return path.length === 0 ? [] : [{ id, controllers, path: path.join(":") }];
  });
  const longest = groups.toSorted((one, other) => other.path.length - one.path.length)[0]?.path ?? "";
  const named = groups.find(({ controllers }) => controllers === "name=systemd")?.path ?? "";
  const unified = groups.find(({ id, controllers }) => id === "0" && controllers === "")?.path ?? "";
  return [named, unified].find((path) => path.length > 1) ?? longest;
}

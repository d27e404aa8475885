/** /proc/PID/cgroup and the small files of a cgroup as text → numbers, for both versions. Apart, so that it is tested on captured text. */

export type CgroupController = "cpu" | "memory";

/** Where a controller's files may be, relative to where cgroups are mounted, the likeliest first. */
export function listControllerPaths(text: string, controller: CgroupController): readonly string[] {
  const lines = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [, controllers = "", ...path] = line.split(":");
      return { controllers, path: path.join(":").replace(/\/$/, "") };
    });
  const old = lines.find(({ controllers }) => controllers.split(",").includes(controller));
  if (old !== undefined) {
    return [`/${old.controllers}${old.path}`, `/${controller}${old.path}`];
  }
  const unified = lines.find(({ controllers }) => controllers === "");
  return unified === undefined ? [] : [unified.path, `/unified${unified.path}`];
}

/** "name 12" a line → the number; undefined when it has no such line. */
export function findKeyedNumber(text: string, name: string): number | undefined {
  const match = new RegExp(`^${name} (\\d+)$`, "m").exec(text);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** cpu.stat: microseconds in version 2, nanoseconds in version 1. */
export function parseThrottledSeconds(cpuStat: string): number | undefined {
  const microseconds = findKeyedNumber(cpuStat, "throttled_usec");
  if (microseconds !== undefined) {
    return microseconds / 1e6;
  }
  const nanoseconds = findKeyedNumber(cpuStat, "throttled_time");
  return nanoseconds === undefined ? undefined : nanoseconds / 1e9;
}

/** Version 1 writes "no limit" as a number near 2^63. */
const NO_LIMIT_BYTES = 2 ** 60;

/** undefined: no limit. */
export function parseMemoryLimit(text: string): number | undefined {
  const bytes = Number.parseInt(text, 10);
  return Number.isFinite(bytes) && bytes < NO_LIMIT_BYTES ? bytes : undefined;
}

/** Seconds for which at least one task waited for the resource, from a pressure file. */
export function parsePressureSeconds(text: string): number | undefined {
  const match = /^some .*total=(\d+)$/m.exec(text);
  return match?.[1] === undefined ? undefined : Number(match[1]) / 1e6;
}

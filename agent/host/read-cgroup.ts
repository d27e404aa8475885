/**
 * What the cgroup of a process limits and counts, in both versions. A limit may be set on any ancestor (a pod, a slice), so the
 * path is walked up; what was killed is counted where it lived.
 */
import {
  findKeyedNumber,
  listControllerPaths,
  parseMemoryLimit,
  parsePressureSeconds,
  parseThrottledSeconds,
} from "./parse-cgroup-figures.ts";
import type { CgroupController } from "./parse-cgroup-figures.ts";
import { findShortText } from "./read-proc-text.ts";

/** The directories of a process' cgroup; undefined for a controller that could not be found. */
export interface CgroupPlace {
  readonly cpu: string | undefined;
  readonly memory: string | undefined;
}

export interface CgroupFigures {
  /** Time for which the CPU quota held back its tasks, added up over the ancestors. */
  readonly throttledSeconds: number | undefined;
  /** The tightest limit on the path; undefined: none. */
  readonly memoryLimitBytes: number | undefined;
  /** Processes of this very cgroup that the kernel killed for memory. */
  readonly oomKills: number | undefined;
  readonly cpuPressureSeconds: number | undefined;
  readonly memoryPressureSeconds: number | undefined;
  readonly ioPressureSeconds: number | undefined;
}

/** Deeper than pods in slices in containers. */
const MAX_DEPTH = 8;

export class CgroupReader {
  readonly #procRoot: string;
  readonly #cgroupRoot: string;

  constructor(procRoot: string, cgroupRoot: string) {
    this.#procRoot = procRoot;
    this.#cgroupRoot = cgroupRoot;
  }

  /** undefined when the process is gone, or may not be looked at. */
  findPlace(pid: number): CgroupPlace | undefined {
    const text = findShortText(`${this.#procRoot}/${pid}/cgroup`);
    return text === undefined
      ? undefined
      : {
          cpu: this.#findDirectory(text, "cpu", "cpu.stat"),
          memory: this.#findDirectory(text, "memory", "cgroup.procs"),
        };
  }

  read({ cpu, memory }: CgroupPlace): CgroupFigures {
    const throttled = this.#collect(cpu, (at) => parseThrottledSeconds(find(at, "cpu.stat")));
    const limits = this.#collect(memory, (at) =>
      parseMemoryLimit(find(at, "memory.max") || find(at, "memory.limit_in_bytes")),
    );
    const events =
      memory === undefined ? "" : find(memory, "memory.events") || find(memory, "memory.oom_control");
    return {
      throttledSeconds: throttled.length === 0 ? undefined : throttled.reduce((sum, one) => sum + one, 0),
      memoryLimitBytes: limits.length === 0 ? undefined : Math.min(...limits),
      oomKills: findKeyedNumber(events, "oom_kill"),
      cpuPressureSeconds: parsePressureSeconds(find(cpu, "cpu.pressure")),
      memoryPressureSeconds: parsePressureSeconds(find(memory, "memory.pressure")),
      ioPressureSeconds: parsePressureSeconds(find(memory, "io.pressure")),
    };
  }

  #findDirectory(text: string, controller: CgroupController, file: string): string | undefined {
    return listControllerPaths(text, controller)
      .map((path) => `${this.#cgroupRoot}${path}`)
      .find((directory) => findShortText(`${directory}/${file}`) !== undefined);
  }

  /** What a file tells in the directory and in each of its ancestors below the root. */
  #collect(
    directory: string | undefined,
    read: (directory: string) => number | undefined,
  ): readonly number[] {
    const found: number[] = [];
    let at = directory;
    for (
      let depth = 0;
      at !== undefined && at.length > this.#cgroupRoot.length && depth < MAX_DEPTH;
      depth += 1
    ) {
      const value = read(at);
      if (value !== undefined) {
        found.push(value);
      }
      at = at.slice(0, at.lastIndexOf("/"));
    }
    return found;
  }
}

function find(directory: string | undefined, file: string): string {
  return directory === undefined ? "" : (findShortText(`${directory}/${file}`) ?? "");
}

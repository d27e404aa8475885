/**
 * Room on etcd's file systems, looked at every second (every other one while there is plenty) for the cost of one statfs: a
 * disk fills within seconds, and etcd dies of it soon after. It sends nothing itself; when a mark is passed, the filesystem probe tells the figures at once.
 */
import type { FilesystemUsage } from "../host/host-door.ts";
import { assertDiscovered } from "./assert-discovered.ts";
import { etcdDirectories } from "./etcd-directories.ts";
import type { EtcdDirectory } from "./etcd-directories.ts";
import type { Observation, Probe, ProbeContext, ProbeSetup } from "./probe.ts";

/** With more than this free, nothing is decided by a percent more or less. */
const PERCENT_OF_INTEREST = 25;
/** In fast intervals: more than one leaves out every second tick, less than two because ticks are not exact. */
const PLENTY_RESTS_INTERVALS = 1.5;

export function createFilesystemRoomProbe({ config }: ProbeSetup): Probe {
  let lastMark: string | undefined;

  async function run(context: ProbeContext): Promise<Observation> {
    const marks: string[] = [];
    let hasPlenty = true;
    for (const { hostPath } of distinctDirectories(etcdDirectories(assertDiscovered(context)))) {
      const usage = await context.host.readFilesystemUsage(hostPath, context.signal);
      marks.push(`${hostPath} ${markOf(usage)}`);
      hasPlenty = hasPlenty && percentOf(usage.availableBytes, usage.sizeBytes) === PERCENT_OF_INTEREST;
    }
    const mark = marks.join("\n");
    // The first one is news too: the figures that were told may be from before it.
    const isPassed = lastMark !== mark;
    lastMark = mark;
    return {
      ...(isPassed ? { trigger: ["filesystem"] } : {}),
      ...(hasPlenty ? { restMs: PLENTY_RESTS_INTERVALS * config.intervals.fastMs } : {}),
    };
  }

  return {
    name: "filesystem_room",
    cadence: "fast",
    timeLimitMs: 1000,
    targets: ({ discovered }) => (discovered === undefined ? [] : [""]),
    run,
  };
}

/** A WAL inside of the data directory is nearly always on its file system; where it is not, the normal cadence sees it. */
function distinctDirectories(directories: readonly EtcdDirectory[]): readonly EtcdDirectory[] {
  return directories.filter(
    ({ hostPath }) => !directories.some((other) => hostPath.startsWith(`${other.hostPath}/`)),
  );
}

/**
 * Changes when room crosses a power of two of bytes (16 MiB is what etcd needs to grow its file) or, on a file system with
 * little left, a percent of it. Exported for its tests.
 */
export function markOf({ availableBytes, sizeBytes, files, filesFree }: FilesystemUsage): string {
  const power = availableBytes > 0 ? Math.floor(Math.log2(availableBytes)) : -1;
  return `${power} ${percentOf(availableBytes, sizeBytes)} ${percentOf(filesFree, files)}`;
}

function percentOf(part: number, whole: number): number {
  return whole > 0 ? Math.min(PERCENT_OF_INTEREST, Math.floor((part / whole) * 100)) : PERCENT_OF_INTEREST;
}

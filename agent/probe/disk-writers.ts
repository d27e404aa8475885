/**
 * Names who else writes while the WAL's device is busy. A look at every process is dear, so there is none while the device is
 * idle: then only two counters are compared.
 */
import { create } from "@bufbuild/protobuf";
import { DiskWritersFactSchema, FactSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Fact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { HostDoor } from "../host/host-door.ts";
import type { DiskStat } from "../host/parse-diskstats.ts";

export const DISK_WRITERS_KEY = "disk_writers";

/** Busy for so much of the time, or so slow a write: somebody's writes may be in etcd's way. */
const BUSY_SHARE = 0.5;
const SLOW_WRITE_SECONDS = 0.02;
/** Fewer writes than this are no reason to look at anybody. */
const MIN_WRITES = 5;
/** More processes than a control-plane node has: a bound for one look. */
const MAX_PROCESSES = 4096;
const TOLD = 5;

interface Look {
  readonly atUs: number;
  readonly written: ReadonlyMap<number, number>;
  readonly deviceBytes: number;
}

export interface WritersNews {
  readonly facts: readonly Fact[];
  readonly removedFacts: readonly string[];
  /** A first look at every process has been taken: the second one, soon, tells. */
  readonly isLooking: boolean;
}

const NOTHING: WritersNews = { facts: [], removedFacts: [DISK_WRITERS_KEY], isLooking: false };

export class DiskWriters {
  #stat: DiskStat | undefined;
  #statUs = 0;
  #look: Look | undefined;

  /** `stat` is the device's counters as just read. */
  update(
    stat: DiskStat,
    about: { readonly host: HostDoor; readonly pid: number | undefined; readonly nowUs: number },
  ): WritersNews {
    const before = this.#stat;
    const isBusy = before !== undefined && isDeviceBusy(before, stat, about.nowUs - this.#statUs);
    this.#stat = stat;
    this.#statUs = about.nowUs;
    if (!isBusy) {
      this.#look = undefined;
      return NOTHING;
    }
    const first = this.#look;
    this.#look = lookAround(about.host, stat, about.nowUs);
    return first === undefined
      ? { facts: [], removedFacts: [], isLooking: true }
      : {
          facts: [describe(stat.name, { first, last: this.#look, ...about })],
          removedFacts: [],
          isLooking: false,
        };
  }
}

function isDeviceBusy(before: DiskStat, after: DiskStat, overUs: number): boolean {
  const writes = after.writesCompleted - before.writesCompleted;
  if (before.name !== after.name || overUs <= 0 || writes < MIN_WRITES) {
    return false;
  }
  const busySeconds = after.ioSeconds - before.ioSeconds;
  const writeSeconds = (after.writeSeconds - before.writeSeconds) / writes;
  return busySeconds / (overUs / 1e6) >= BUSY_SHARE || writeSeconds >= SLOW_WRITE_SECONDS;
}

function lookAround(host: HostDoor, stat: DiskStat, atUs: number): Look {
  const written = new Map<number, number>();
  for (const pid of host.listProcessIds().slice(0, MAX_PROCESSES)) {
    const bytes = host.findWrittenBytes(pid);
    if (bytes !== undefined && bytes > 0) {
      written.set(pid, bytes);
    }
  }
  return { atUs, written, deviceBytes: stat.writtenBytes };
}

interface Two {
  readonly first: Look;
  readonly last: Look;
  readonly host: HostDoor;
  readonly pid: number | undefined;
}

function describe(device: string, { first, last, host, pid: etcd }: Two): Fact {
  const seconds = Math.max(1e-3, (last.atUs - first.atUs) / 1e6);
  const rate = (bytes: number): bigint => BigInt(Math.max(0, Math.round(bytes / seconds)));
  // One that began in between has written all of it since.
  const grown = (pid: number): number => (last.written.get(pid) ?? 0) - (first.written.get(pid) ?? 0);
  const writers = [...last.written.keys()]
    .filter((pid) => pid !== etcd && grown(pid) > 0)
    .sort((one, other) => grown(other) - grown(one))
    .slice(0, TOLD)
    .map((pid) => ({ pid, name: host.findProcessName(pid) ?? "", bytesPerSecond: rate(grown(pid)) }));
  const value = create(DiskWritersFactSchema, {
    device,
    deviceBytesPerSecond: rate(last.deviceBytes - first.deviceBytes),
    etcdBytesPerSecond: etcd === undefined ? 0n : rate(grown(etcd)),
    writers,
  });
  return create(FactSchema, { key: DISK_WRITERS_KEY, body: { case: "diskWriters", value } });
}

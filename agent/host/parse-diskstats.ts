/** /proc/diskstats as text → counters by device. Its own file so that it is tested on captured text. */

export interface DiskStat {
  /** Major and minor number, "254:0". */
  readonly device: string;
  readonly name: string;
  readonly readsCompleted: number;
  readonly readBytes: number;
  readonly readSeconds: number;
  readonly writesCompleted: number;
  readonly writtenBytes: number;
  readonly writeSeconds: number;
  /** Requests in flight. */
  readonly ioNow: number;
  readonly ioSeconds: number;
}

/** Sectors of /proc/diskstats have this size whatever the device's own is. */
const SECTOR_BYTES = 512;

/** Lines that cannot be read are left out. */
export function parseDiskstats(text: string): readonly DiskStat[] {
  const stats: DiskStat[] = [];
  for (const line of text.split("\n")) {
    const fields = line.trim().split(/ +/);
    const name = fields[2];
    if (name === undefined || fields.length < 14) {
      continue;
    }
    const at = (index: number): number => Number(fields[index]);
    stats.push({
      device: `${fields[0]}:${fields[1]}`,
      name,
      readsCompleted: at(3),
      readBytes: at(5) * SECTOR_BYTES,
      readSeconds: at(6) / 1000,
      writesCompleted: at(7),
      writtenBytes: at(9) * SECTOR_BYTES,
      writeSeconds: at(10) / 1000,
      ioNow: at(11),
      ioSeconds: at(12) / 1000,
    });
  }
  return stats;
}

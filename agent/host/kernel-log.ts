/** The kernel's own log, record by record and never waiting: /dev/kmsg gives one a read, and nothing when there is none. */
import { closeSync, constants, openSync, readSync } from "node:fs";

export interface KernelRecord {
  /** Counts from boot; one that is missing was overwritten before it was read. */
  readonly sequence: number;
  /** Microseconds since boot, on the kernel's clock. */
  readonly atUs: number;
  readonly message: string;
}

export interface KernelPart {
  readonly records: readonly KernelRecord[];
  /** There may be more. */
  readonly isCut: boolean;
}

/** The kernel gives no longer record. */
const MAX_RECORD_BYTES = 8192;
/** Facility 0 is the kernel; a process that writes to /dev/kmsg cannot pass for it. */
const FACILITY_BITS = 3;

export class KernelLog {
  readonly #path: string;
  readonly #buffer = Buffer.alloc(MAX_RECORD_BYTES);
  #descriptor: number | undefined;

  constructor(path = "/dev/kmsg") {
    this.#path = path;
  }

  /** From the oldest that is kept at the first call, from there on what is new. At most `limit` records. */
  read(limit: number): KernelPart {
    const descriptor = (this.#descriptor ??= openSync(this.#path, constants.O_RDONLY | constants.O_NONBLOCK));
    const records: KernelRecord[] = [];
    for (let count = 0; count < limit; count += 1) {
      const text = this.#readRecord(descriptor);
      if (text === undefined) {
        return { records, isCut: false };
      }
      const record = parseKernelRecord(text);
      if (record !== undefined) {
        records.push(record);
      }
    }
    return { records, isCut: true };
  }

  close(): void {
    if (this.#descriptor !== undefined) {
      closeSync(this.#descriptor);
      this.#descriptor = undefined;
    }
  }

  /** undefined: there is no further one now. Empty: one was overwritten meanwhile. */
  #readRecord(descriptor: number): string | undefined {
    try {
      const bytes = readSync(descriptor, this.#buffer, 0, MAX_RECORD_BYTES, null);
      return bytes === 0 ? undefined : this.#buffer.toString("utf8", 0, bytes);
    } catch (caught) {
      const code = caught instanceof Error && "code" in caught ? caught.code : "";
      if (code === "EAGAIN") {
        return undefined;
      }
      if (code === "EPIPE") {
        return "";
      }
      throw caught;
    }
  }
}

/** "6,339,5140900,-;message\n KEY=value\n". undefined: not the kernel's own words, or no record. */
export function parseKernelRecord(text: string): KernelRecord | undefined {
  const found = /^(\d+),(\d+),(\d+),[^;]*;([^\n]*)/.exec(text);
  if (found === null || Number(found[1]) >> FACILITY_BITS !== 0) {
    return undefined;
  }
  return { sequence: Number(found[2]), atUs: Number(found[3]), message: found[4] ?? "" };
}

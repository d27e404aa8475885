/** A log file followed over renames, truncation and restarts of its writer; a bounded part a look, some more until it has caught up. */
import { posix } from "node:path";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { LogLag, LogPart, LogPlace } from "../host/read-log-part.ts";
import type { FoundLog } from "./find-log.ts";
import type { LogPosition } from "./log-position.ts";
import { isSameContainer } from "./log-source.ts";
import type { FollowedLog, LogLook } from "./logs.ts";
import type { ProbeContext } from "./probe.ts";

interface Place {
  readonly path: string;
  readonly place: LogPlace;
}

interface Read {
  readonly part: LogPart;
  readonly path: string;
  /** Of the file before: then the other one is still to be read. */
  readonly isOld: boolean;
}

export interface FileStart {
  readonly path: string;
  /** Where an earlier agent was, in this file or in one of the same writer before it, which is read to its end first. */
  readonly from: Place | undefined;
  /** Without it, what was said since then is read. */
  readonly sinceMs: number;
}

/** Of what was said before the agent came: in four looks, some 150 ms of CPU in all where there is as much. */
export const MAX_LOOK_BACK_BYTES = 4 * 1024 * 1024;
const MIN_LOOK_BACK_BYTES = 256 * 1024;
/** What is written meanwhile may come on top. */
const LOOK_BACK_LAG: LogLag = { mostBytes: MAX_LOOK_BACK_BYTES + 512 * 1024, keptBytes: MAX_LOOK_BACK_BYTES };
const LOOK_BACK_PARTS = 4;
const PODS = "/var/log/pods/";

export class FollowedFile implements FollowedLog {
  #path: string;
  #place: LogPlace | undefined;
  /** Where it was written before, to be read to its end. */
  #before: Place | undefined;
  /** Without a place: the file is read from its beginning, since it goes on with what was read; else it is looked back. */
  #goesOn: boolean;
  readonly #sinceMs: number;
  /** The lines that come next do not go on with those before. */
  #isBoundary = true;
  /** Not told yet. */
  #skippedBytes = 0;
  /** May still be read without giving anything up. */
  #lookBackBytes = MAX_LOOK_BACK_BYTES;

  constructor({ path, from, sinceMs }: FileStart) {
    this.#path = path;
    this.#place = from?.path === path ? from.place : undefined;
    this.#before = from?.path === path ? undefined : from;
    this.#goesOn = from !== undefined;
    this.#sinceMs = sinceMs;
  }

  get key(): string {
    return `file ${this.#path}`;
  }

  /** A container's next start writes to the next file of the same folder; after a change of its manifest, of another. */
  mayBecome(found: FoundLog): boolean {
    return found.kind === "file" && isSameContainer(found.path, this.#path);
  }

  moveTo(path: string): void {
    this.#before = this.#place === undefined ? this.#before : { path: this.#path, place: this.#place };
    this.#goesOn = isOfOneWriter(path, this.#path);
    this.#path = path;
    this.#place = undefined;
    this.#isBoundary ||= this.#before === undefined;
  }

  async look(context: ProbeContext): Promise<LogLook> {
    const parts: LogLook["parts"][number][] = [];
    let position: LogPosition | undefined;
    let hasMore = true;
    for (let count = 0; hasMore && count < (this.#lookBackBytes > 0 ? LOOK_BACK_PARTS : 1); count += 1) {
      let read: Read;
      try {
        read = await this.#read(context);
      } catch (caught) {
        if (parts.length === 0) {
          throw caught;
        }
        // It comes again with the next look; what was read is not lost by it.
        break;
      }
      const { part, path, isOld } = read;
      this.#lookBackBytes -= part.bytes.length;
      this.#skippedBytes += part.skippedBytes;
      if (part.bytes.length > 0 || part.isNewFile) {
        const isBoundary = this.#isBoundary || part.isNewFile || part.skippedBytes > 0;
        parts.push({ bytes: part.bytes, isBoundary });
        this.#isBoundary = false;
      }
      position = { kind: "file", path, place: part.place };
      hasMore = isOld || part.hasMore;
      if (isOld && this.#before === undefined) {
        this.#isBoundary = !isRotated(path, this.#path);
      }
    }
    if (!hasMore) {
      this.#lookBackBytes = 0;
    }
    const skippedBytes = this.#skippedBytes;
    this.#skippedBytes = 0;
    return { parts, skippedBytes, position, hasMore };
  }

  /** The next part: of the file before, where something is left in it. */
  async #read(context: ProbeContext): Promise<Read> {
    const before = this.#before;
    if (before !== undefined) {
      const part = await this.#readRest(before, context);
      if (part !== undefined) {
        return { part, path: before.path, isOld: true };
      }
      this.#isBoundary ||= !isRotated(before.path, this.#path);
    }
    if (this.#place === undefined && !this.#goesOn) {
      await this.#lookBack(context);
      return await this.#read(context);
    }
    const { host, signal } = context;
    const part = await host.readLogPart(this.#path, { place: this.#place, lag: this.#lag() }, signal);
    this.#place = part.place;
    return { part, path: this.#path, isOld: false };
  }

  async #lookBack({ host, clock, signal }: ProbeContext): Promise<void> {
    const span = {
      sinceMs: this.#sinceMs,
      nowMs: clock.nowMs(),
      minBytes: MIN_LOOK_BACK_BYTES,
      maxBytes: MAX_LOOK_BACK_BYTES,
    };
    const start = await host.findLogStart(this.#path, span, signal);
    this.#place = start.place;
    this.#before = start.before;
    this.#skippedBytes += start.skippedBytes;
  }

  /** undefined: nothing was left, or it is gone. */
  async #readRest({ path, place }: Place, { host, signal }: ProbeContext): Promise<LogPart | undefined> {
    this.#before = undefined;
    try {
      const part = await host.readLogPart(path, { place, lag: this.#lag() }, signal);
      if (part.isNewFile || (part.bytes.length === 0 && part.skippedBytes === 0)) {
        return undefined;
      }
      this.#before = part.hasMore ? { path, place: part.place } : undefined;
      return part;
    } catch (caught) {
      if (EtcdscopeError.from(caught).code === "TIMED_OUT") {
        this.#before = { path, place };
        throw caught;
      }
      return undefined;
    }
  }

  #lag(): LogLag | undefined {
    return this.#lookBackBytes > 0 ? LOOK_BACK_LAG : undefined;
  }
}

/** Whether the second file goes on where the first ended: a container's next start, a pod that was made anew. */
export function isOfOneWriter(one: string, other: string): boolean {
  return posix.dirname(one) === posix.dirname(other) || (one.startsWith(PODS) && other.startsWith(PODS));
}

/** "0.log.20261124-160000" of "0.log". */
function isRotated(name: string, path: string): boolean {
  return name.startsWith(path);
}

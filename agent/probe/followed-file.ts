/** A log file followed over renames, truncation and restarts of its writer; one part a look, bounded. */
import { EtcdscopeError } from "../../shared/errors.ts";
import type { LogPart, LogPlace } from "../host/read-log-part.ts";
import type { FoundLog } from "./find-log.ts";
import { isSameContainer } from "./log-source.ts";
import type { FollowedLog, LogLook } from "./logs.ts";
import type { ProbeContext } from "./probe.ts";

interface Place {
  readonly path: string;
  readonly place: LogPlace | undefined;
}

export class FollowedFile implements FollowedLog {
  #path: string;
  #place: LogPlace | undefined;
  /** Where it was written before, to be read to its end. */
  #before: Place | undefined;

  /** `from`: where an earlier agent was; another file of the same writer is read to its end first. */
  constructor(path: string, from: { readonly path: string; readonly place: LogPlace } | undefined) {
    this.#path = path;
    this.#place = from?.path === path ? from.place : undefined;
    this.#before = from !== undefined && from.path !== path ? from : undefined;
  }

  get key(): string {
    return `file ${this.#path}`;
  }

  /** A container's next start writes to the next file of the same folder; after a change of its manifest, of another. */
  mayBecome(found: FoundLog): boolean {
    return found.kind === "file" && isSameContainer(found.path, this.#path);
  }

  moveTo(path: string): void {
    this.#before = { path: this.#path, place: this.#place };
    this.#path = path;
    this.#place = undefined;
  }

  async look(context: ProbeContext): Promise<LogLook> {
    const before = this.#before;
    this.#before = undefined;
    if (before?.place !== undefined) {
      const rest = await this.#readRest(before.path, before.place, context);
      if (rest !== undefined) {
        // By itself: should the new file not be there yet, nothing of the old one is lost.
        const { bytes, skippedBytes, place, hasMore } = rest;
        this.#before = hasMore ? { path: before.path, place } : undefined;
        const part = { bytes, isBoundary: skippedBytes > 0 };
        return { parts: [part], skippedBytes, position: undefined, hasMore: true };
      }
    }
    const isMoved = this.#place === undefined;
    const part = await context.host.readLogPart(this.#path, this.#place, context.signal);
    this.#place = part.place;
    const isBoundary = isMoved || part.isNewFile || part.skippedBytes > 0;
    return {
      parts: part.bytes.length > 0 || part.isNewFile ? [{ bytes: part.bytes, isBoundary }] : [],
      skippedBytes: part.skippedBytes,
      position: { kind: "file", path: this.#path, place: part.place },
      hasMore: part.hasMore,
    };
  }

  /** undefined: nothing was left, or it is gone. */
  async #readRest(
    path: string,
    place: LogPlace,
    { host, signal }: ProbeContext,
  ): Promise<LogPart | undefined> {
    try {
      const part = await host.readLogPart(path, place, signal);
      return part.bytes.length === 0 || part.isNewFile ? undefined : part;
    } catch (caught) {
      if (EtcdscopeError.from(caught).code === "TIMED_OUT") {
        throw caught;
      }
      return undefined;
    }
  }
}

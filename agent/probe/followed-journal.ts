/** A unit's or container's entries in the journal, followed by cursor; behind a flood, what is old is jumped over. */
import { findField } from "../../shared/log/find-field.ts";
import { parseLineTimeMs } from "../../shared/log/parse-line-time.ts";
import { MAX_JOURNAL_PART_BYTES } from "../host/journal-reader.ts";
import type { FoundLog } from "./find-log.ts";
import type { FollowedLog, LogLook } from "./logs.ts";
import type { ProbeContext } from "./probe.ts";

/** Further behind than this with more to come, it would not catch up. */
const MAX_BEHIND_MS = 60_000;
/** Of an etcd that does not run, its last entries are read however old they are. */
const LAST_LINES = 500;
/** So much of what was said before the agent came is read all the same; an entry is twice as long as its line. */
const MAX_LOOK_BACK_BYTES = 8 * 1024 * 1024;
/** Where it goes on then. */
const GO_ON_AT_MS = 5000;

export class FollowedJournal implements FollowedLog {
  readonly #match: string;
  #cursor: string | undefined;
  #sinceMs: number;
  #isFirst = true;
  #lookBackBytes = MAX_LOOK_BACK_BYTES;
  /** The part of an entry that the last look ended with. */
  #rest = "";

  constructor(match: string, from: { readonly cursor: string | undefined; readonly sinceMs: number }) {
    this.#match = match;
    this.#cursor = from.cursor;
    this.#sinceMs = from.sinceMs;
  }

  get key(): string {
    return `journal ${this.#match}`;
  }

  mayBecome(found: FoundLog): boolean {
    return found.key === this.key;
  }

  close({ host }: ProbeContext): void {
    host.closeJournal();
  }

  async look({ host, clock, discovered }: ProbeContext): Promise<LogLook> {
    const isAbsent = discovered?.pid === undefined;
    const lines = this.#isFirst && isAbsent ? LAST_LINES : undefined;
    const place = { match: this.#match, cursor: this.#cursor, sinceMs: this.#sinceMs, lines };
    const { bytes, isNew } = await host.readJournal(place);
    // journalctl takes a moment to open its files.
    const isOpening = this.#isFirst && bytes.length === 0;
    this.#isFirst = false;
    const text = (isNew ? "" : this.#rest) + bytes.toString("latin1");
    const end = text.lastIndexOf("\n") + 1;
    this.#rest = text.slice(end);
    const last = text.slice(text.lastIndexOf("\n", end - 2) + 1, end);
    this.#cursor = findField(last, "__CURSOR") ?? this.#cursor;
    const isFull = bytes.length >= MAX_JOURNAL_PART_BYTES;
    const lastAtMs = parseLineTimeMs(findField(last, "__REALTIME_TIMESTAMP") ?? "", clock.nowMs());
    this.#lookBackBytes = isFull ? this.#lookBackBytes - bytes.length : isOpening ? this.#lookBackBytes : 0;
    const isBehind =
      isFull &&
      this.#lookBackBytes <= 0 &&
      lastAtMs !== undefined &&
      clock.nowMs() - lastAtMs > MAX_BEHIND_MS;
    if (isBehind) {
      host.closeJournal();
      this.#cursor = undefined;
      this.#sinceMs = clock.nowMs() - GO_ON_AT_MS;
    }
    return {
      parts: bytes.length === 0 ? [] : [{ bytes, isBoundary: isNew }],
      // How many bytes are jumped over is not known: at least one part's.
      skippedBytes: isBehind ? MAX_JOURNAL_PART_BYTES : 0,
      position:
        this.#cursor === undefined
          ? undefined
          : { kind: "journal", match: this.#match, cursor: this.#cursor },
      hasMore: isOpening || isFull,
    };
  }
}

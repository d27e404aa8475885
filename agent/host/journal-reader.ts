/**
 * journald's entries of one unit or container, through one long-lived `journalctl --follow`, which stays as the shell of service-manager.ts does.
 * The format of the journal's files is large and changes; journalctl knows it, sleeps until there is something, and ends by
 * itself when nobody reads its output any more. It is read only when a look asks, so a flood waits in its pipe, not in memory.
 */
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import type { Readable } from "node:stream";
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import { findShortText } from "./read-proc-text.ts";

export interface JournalPart {
  /** journalctl's JSON, one entry a line; the last may be incomplete, and is continued by the next part. */
  readonly bytes: Buffer;
  /** Another journalctl than that of the part before: what was incomplete does not go on. */
  readonly isNew: boolean;
}

export interface JournalPlace {
  /** Whose entries: the name of a unit, or "FIELD=VALUE" as journalctl takes it. */
  readonly match: string;
  /** Entries behind this one; undefined: since `sinceMs`. */
  readonly cursor: string | undefined;
  readonly sinceMs: number;
  /** In place of `sinceMs`: so many entries from the end. */
  readonly lines?: number | undefined;
}

export interface JournalReaderOptions {
  readonly clock: Clock;
  /** "journalctl" unless a test says otherwise. */
  readonly program?: string;
  /** A folder of journal files in place of the machine's. */
  readonly directory?: string;
  readonly machineIdPath?: string;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** A part at a time; behind a flood the caller skips. */
export const MAX_JOURNAL_PART_BYTES = 512 * 1024;
/** Nothing more comes: journalctl sleeps. */
const SETTLE_MS = 30;
const READ_LIMIT_MS = 500;
const MAX_ERROR_CHARACTERS = 300;
/** One that ended is not started again sooner. */
const RESTART_AFTER_MS = 30_000;

export class JournalReader {
  readonly #options: JournalReaderOptions;
  #child: Child | undefined;
  #match = "";
  #startedAtUs = Number.NEGATIVE_INFINITY;
  #isNew = false;
  /** What it said when it could not go on. */
  #problem = "";

  constructor(options: JournalReaderOptions) {
    this.#options = options;
  }

  /** What has come since the last part. Starts a journalctl at `place` where none follows its match. */
  async read(place: JournalPlace): Promise<JournalPart> {
    if (this.#child === undefined || this.#match !== place.match) {
      this.#start(place);
    }
    const bytes = await this.#collect();
    const isNew = this.#isNew;
    this.#isNew = isNew && bytes.length === 0;
    if (bytes.length === 0 && this.#child === undefined) {
      throw new EtcdscopeError("NOT_APPLICABLE", `journalctl cannot be followed: ${this.#problem}`, {
        reason: "journal_unreadable",
      });
    }
    return { bytes, isNew };
  }

  /** The next part begins anew at its place. */
  close(): void {
    const child = this.#child;
    this.#child = undefined;
    child?.stdout.destroy();
    child?.kill();
    this.#startedAtUs = Number.NEGATIVE_INFINITY;
  }

  #start({ match, cursor, sinceMs, lines }: JournalPlace): void {
    const nowUs = this.#options.clock.monotonicUs();
    if (match === this.#match && nowUs - this.#startedAtUs < RESTART_AFTER_MS * 1000) {
      return;
    }
    this.close();
    this.#match = match;
    this.#startedAtUs = nowUs;
    this.#isNew = true;
    this.#problem = "";
    const { program = "journalctl", directory } = this.#options;
    const child = spawn(
      program,
      [
        ...(directory === undefined ? this.#listThisMachine() : [`--directory=${directory}`]),
        "--follow",
        "--no-pager",
        "--all",
        "--output=json",
        ...selectEntries(match),
        ...(lines !== undefined && cursor === undefined
          ? [`--lines=${lines}`]
          : [
              "--no-tail",
              cursor === undefined ? `--since=@${Math.floor(sinceMs / 1000)}` : `--after-cursor=${cursor}`,
            ]),
      ],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    this.#child = child;
    this.#watch(child);
  }

  /**
   * Following alone shows this boot only: not what etcd said before the machine went down, and nothing at all to a service
   * in a container whose sandbox shows it another boot's id. Merging shows all boots, and what other machines have sent.
   */
  #listThisMachine(): readonly string[] {
    const { machineIdPath = "/etc/machine-id" } = this.#options;
    const id = findShortText(machineIdPath)?.trim() ?? "";
    return /^[0-9a-f]{32}$/.test(id) ? ["--merge", `_MACHINE_ID=${id}`] : [];
  }

  #watch(child: Child): void {
    const ended = (why: string): void => {
      if (this.#child === child) {
        this.#child = undefined;
        this.#problem ||= why;
      }
    };
    child.once("error", (error) => ended(error.message));
    child.once("close", (code) => ended(`it ended with ${code ?? "a signal"}`));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#problem = `${this.#problem} ${text.trim()}`.trim().slice(0, MAX_ERROR_CHARACTERS);
    });
    // It must not keep the agent alive: it ends when its output is closed.
    child.unref();
    for (const pipe of [child.stdout, child.stderr]) {
      (pipe as Readable & { unref?: () => void }).unref?.();
    }
  }

  async #collect(): Promise<Buffer> {
    const { clock } = this.#options;
    const stdout = this.#child?.stdout;
    const chunks: Buffer[] = [];
    let length = 0;
    const endUs = clock.monotonicUs() + READ_LIMIT_MS * 1000;
    while (stdout !== undefined && length < MAX_JOURNAL_PART_BYTES && clock.monotonicUs() < endUs) {
      const chunk = stdout.read() as Buffer | null;
      if (chunk !== null) {
        chunks.push(chunk);
        length += chunk.length;
      } else if (stdout.readableEnded || !(await this.#isReadable(stdout))) {
        break;
      }
    }
    return Buffer.concat(chunks);
  }

  /** False when nothing has come for a moment. */
  async #isReadable(stdout: Readable): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const onReadable = (): void => resolve(true);
    const timer = this.#options.clock.after(SETTLE_MS, () => resolve(false));
    stdout.once("readable", onReadable);
    try {
      return await promise;
    } finally {
      timer.cancel();
      stdout.off("readable", onReadable);
    }
  }
}

/** What a container says comes under the name of whatever runs it: who wrote an entry tells nothing then. */
function selectEntries(match: string): readonly string[] {
  return match.includes("=")
    ? ["--output-fields=MESSAGE", match]
    : ["--output-fields=MESSAGE,SYSLOG_IDENTIFIER,_COMM", `--unit=${match}`];
}

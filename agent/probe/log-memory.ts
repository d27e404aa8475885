/** What the logs probe knows of a log over a restart of the agent: how far it was read, and what was said last. */
import type { Logger } from "../../shared/log-line.ts";
import { formatLastWords, LAST_WORDS_FILE, parseLastWords } from "./last-words.ts";
import type { LastWord } from "./last-words.ts";
import { formatLogPosition, LOG_POSITION_FILE, parseLogPosition } from "./log-position.ts";
import type { LogPosition } from "./log-position.ts";
import type { KeptFiles } from "./probe.ts";

export interface KeptLog {
  readonly position: LogPosition | undefined;
  readonly lastWords: readonly LastWord[];
}

export interface LogMemory {
  /** As an earlier agent left it; read once. */
  recall(): Promise<KeptLog>;
  /** Writes what is new. Never throws: what cannot be kept is told once. */
  keep(position: LogPosition, lastWords: readonly LastWord[]): Promise<void>;
}

export function createLogMemory(files: KeptFiles | undefined, log: Logger): LogMemory {
  let recalled: KeptLog | undefined;
  const written = new Map<string, string>();
  let isProblemTold = false;

  async function find(name: string): Promise<string> {
    const text = (await files?.find(name)) ?? "";
    written.set(name, text);
    return text;
  }

  async function replace(name: string, text: string): Promise<void> {
    if (written.get(name) !== text) {
      written.set(name, text);
      await files?.replace(name, text);
    }
  }

  return {
    recall: async () => {
      recalled ??= {
        position: parseLogPosition(await find(LOG_POSITION_FILE)),
        lastWords: parseLastWords(await find(LAST_WORDS_FILE)),
      };
      return recalled;
    },
    keep: async (position, lastWords) => {
      try {
        // The words first: what is before the place is not read again.
        if (lastWords.length > 0 || (written.get(LAST_WORDS_FILE) ?? "") !== "") {
          await replace(LAST_WORDS_FILE, formatLastWords(lastWords));
        }
        // Not synced: after a crash of the machine some lines may be told twice.
        await replace(LOG_POSITION_FILE, formatLogPosition(position));
      } catch (error) {
        if (!isProblemTold) {
          isProblemTold = true;
          log.warn(
            { error },
            "How far etcd's log was read cannot be kept: some lines will be told again after a restart.",
          );
        }
      }
    },
  };
}

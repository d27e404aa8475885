/** The last events of all clusters, so that a client that was away gets what it missed; bounded by number and bytes. */
import { identifyEvent } from "./format-event.ts";

export interface JournalEvent {
  readonly cluster: string;
  readonly name: "finding" | "incident";
  readonly block: Buffer;
}

export interface JournalEntry extends JournalEvent {
  readonly sequence: number;
}

export interface EventJournal {
  /** Id of the newest event. */
  newestId(): string;
  /** Gives the event its id. */
  append(event: JournalEvent): JournalEntry;
  /** What came after that id; undefined: some of it is gone, or the id is not one of ours. */
  since(id: string): readonly JournalEntry[] | undefined;
}

const MAX_ENTRIES = 5_000;
const MAX_BYTES = 16 * 1024 * 1024;

/** `epoch` tells the ids of one collector's run from those of another. */
export function createEventJournal(epoch: string): EventJournal {
  let entries: JournalEntry[] = [];
  let bytes = 0;
  let newest = 0;
  /** The newest event that is gone. */
  let dropped = 0;

  function trim(): void {
    let count = 0;
    while (entries.length - count > MAX_ENTRIES || bytes > MAX_BYTES) {
      const oldest = entries[count];
      if (oldest === undefined) {
        break;
      }
      bytes -= oldest.block.length;
      dropped = oldest.sequence;
      count += 1;
    }
    if (count > 0) {
      entries = entries.slice(count);
    }
  }

  return {
    newestId: () => `${epoch}-${newest}`,
    append(event) {
      newest += 1;
      const entry = {
        ...event,
        sequence: newest,
        block: identifyEvent(event.block, `${epoch}-${newest}`),
      };
      entries.push(entry);
      bytes += entry.block.length;
      trim();
      return entry;
    },
    since(id) {
      const [, ofEpoch, digits] = /^([0-9a-z]+)-(\d{1,15})$/.exec(id) ?? [];
      const sequence = Number(digits);
      return ofEpoch !== epoch || sequence > newest || sequence < dropped
        ? undefined
        : entries.filter((entry) => entry.sequence > sequence);
    },
  };
}

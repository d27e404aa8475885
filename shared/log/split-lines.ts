/**
 * Bytes in, lines out, in bounded memory whatever comes: logs of a gigabyte, lines that never end, binary rubbish.
 * Lines are latin1: one byte, one character, which is what matching needs and costs least. decodeLine gives the text.
 */

/** Longer lines are cut: what identifies a line is at its front. etcd's own longest (a request with its keys) fit. */
export const MAX_LINE_BYTES = 32 * 1024;

export interface LineSplitter {
  /** Calls `onLine` for each line that is complete, without its end. */
  push(chunk: Buffer): void;
  /** The last line, where the file does not end with a line feed. */
  end(): void;
}

export function createLineSplitter(onLine: (line: string) => void): LineSplitter {
  let rest = "";

  function emit(line: string): void {
    const end = line.charCodeAt(line.length - 1) === 13 ? line.length - 1 : line.length;
    onLine(
      end > MAX_LINE_BYTES ? line.slice(0, MAX_LINE_BYTES) : end === line.length ? line : line.slice(0, end),
    );
  }

  return {
    push: (chunk) => {
      const text = chunk.toString("latin1");
      let from = 0;
      for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", from)) {
        emit(from === 0 && rest !== "" ? rest + text.slice(0, at) : text.slice(from, at));
        from = at + 1;
        rest = "";
      }
      // What is beyond the limit is never looked at, so it is not kept either.
      if (rest.length <= MAX_LINE_BYTES) {
        rest += copyText(text.slice(from, from + MAX_LINE_BYTES + 1));
      }
    },
    end: () => {
      if (rest !== "") {
        emit(rest);
        rest = "";
      }
    },
  };
}

/** A line as people read it. */
export function decodeLine(line: string): string {
  return Buffer.from(line, "latin1").toString("utf8");
}

/** V8 lets a slice hold its whole parent in memory; what is kept for long must be a copy. */
export function copyText(line: string): string {
  return line.length > scratch.length
    ? Buffer.from(line, "latin1").toString("latin1")
    : scratch.toString("latin1", 0, scratch.write(line, 0, "latin1"));
}

/** One for all copies: a buffer for each of a million would make a tenth of the work collecting them. */
const scratch = Buffer.allocUnsafeSlow(MAX_LINE_BYTES + 1);

/** Where a command writes: its width, whether colours are welcome, and the language of the reader. */
import { once } from "node:events";
import { styleText } from "node:util";
import type { Language } from "../shared/text.ts";

export type Style = "red" | "yellow" | "green" | "magenta" | "dim" | "bold";

export interface Terminal {
  readonly isTerminal: boolean;
  /** Columns to stay within; 80 where nobody watches. */
  readonly columns: number;
  readonly language: Language;
  write(text: string): void;
  writeError(text: string): void;
  /** Settles when the reader has taken enough of what was written to be given more. */
  drained(): Promise<void>;
  /** The text in that style, or as it is where colours are not welcome. */
  style(styles: Style | readonly Style[], text: string): string;
}

/** Narrower than this, lines are let run over. */
const MIN_COLUMNS = 40;
/** Wider lines are hard to read. */
const MAX_COLUMNS = 120;

export function createTerminal(
  streams: { readonly out: NodeJS.WriteStream; readonly error: NodeJS.WriteStream },
  environment: NodeJS.ProcessEnv,
  language: Language | undefined,
): Terminal {
  const isTerminal = streams.out.isTTY;
  // https://no-color.org: set and not empty.
  const colors = isTerminal && !environment["NO_COLOR"] && environment["TERM"] !== "dumb";
  return {
    isTerminal,
    columns: isTerminal ? Math.min(MAX_COLUMNS, Math.max(MIN_COLUMNS, streams.out.columns)) : 80,
    language: language ?? languageOf(environment),
    write: (text) => void streams.out.write(text),
    writeError: (text) => void streams.error.write(text),
    drained: async () => {
      if (streams.out.writableNeedDrain) {
        await once(streams.out, "drain");
      }
    },
    style: (styles, text) =>
      colors
        ? styleText(typeof styles === "string" ? styles : [...styles], text, { validateStream: false })
        : text,
  };
}

/** As POSIX orders the locale's variables; English unless they say Chinese. */
function languageOf(environment: NodeJS.ProcessEnv): Language {
  const locale = environment["LC_ALL"] || environment["LC_MESSAGES"] || environment["LANG"] || "";
  return locale.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/** A terminal that keeps what was written; styles show as «style:text» where colours are on. */
import type { Language } from "../../shared/text.ts";
import type { Terminal } from "../../cli/terminal.ts";

export interface PlainTerminal extends Terminal {
  output(): string;
}

export function createPlainTerminal(
  options: { readonly columns?: number; readonly language?: Language; readonly isTerminal?: boolean } = {},
): PlainTerminal {
  let output = "";
  return {
    isTerminal: options.isTerminal ?? false,
    columns: options.columns ?? 80,
    language: options.language ?? "en",
    write: (text) => {
      output += text;
    },
    writeError: (text) => {
      output += text;
    },
    drained: async () => await Promise.resolve(),
    style: (styles, text) =>
      options.isTerminal === true ? `\u001b[1m${text}\u001b[22m` : (void styles, text),
    output: () => output,
  };
}

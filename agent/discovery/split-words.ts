/** A command line → its words, as systemd and a shell split it. Pure. */

/** What ends a command within a shell's script; each is a word of its own where it is asked for. */
export const COMMAND_ENDS: ReadonlySet<string> = new Set([";", "&", "|", "\n"]);

/**
 * Quotes are taken off, and a backslash outside of single ones takes the next character as it is. `isScript`: a shell's, in which
 * ";", "&", "|" and a new line stand for themselves.
 */
export function splitWords(text: string, isScript = false): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  const end = (): void => {
    if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  };
  for (let index = 0; index < text.length; index += 1) {
    const letter = text.charAt(index);
    if (letter === "\\" && quote !== "'" && index + 1 < text.length) {
      index += 1;
      word = (word ?? "") + text.charAt(index);
    } else if (quote === "" ? letter === '"' || letter === "'" : letter === quote) {
      quote = quote === "" ? letter : "";
      word ??= "";
    } else if (quote === "" && isScript && COMMAND_ENDS.has(letter)) {
      end();
      words.push(letter);
    } else if (quote === "" && /\s/.test(letter)) {
      end();
    } else {
      word = (word ?? "") + letter;
    }
  }
  end();
  return words;
}

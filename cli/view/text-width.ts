/** How many columns a text takes on a terminal, where Chinese characters take two; padding and wrapping by it. */
import { stripVTControlCharacters } from "node:util";

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
const ZERO = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** Columns of the text without its styles. */
export function textWidth(text: string): number {
  let width = 0;
  for (const char of stripVTControlCharacters(text)) {
    width += charWidth(char);
  }
  return width;
}

/** The text with spaces behind it, up to the width. */
export function padText(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - textWidth(text)));
}

/** Cut off with an ellipsis where it is wider. Plain text only. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) {
    return text;
  }
  let cut = "";
  let used = 1;
  for (const char of text) {
    used += charWidth(char);
    if (used > width) {
      break;
    }
    cut += char;
  }
  return `${cut}…`;
}

/** Lines no wider than the width: broken at spaces, and between wide characters. A word that is wider stays whole. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const token of tokens(text)) {
    if (line !== "" && textWidth(line + token.trimEnd()) > width && !CLOSING.test(token)) {
      lines.push(line.trimEnd());
      line = "";
    }
    line += line === "" ? token.trimStart() : token;
  }
  return line.trim() === "" && lines.length > 0 ? lines : [...lines, line.trimEnd()];
}

/** Chinese punctuation never begins a line. */
const CLOSING = /^[，。；：、！？）】》”’]/u;

function tokens(text: string): string[] {
  const found: string[] = [];
  let word = "";
  for (const char of text) {
    if (WIDE.test(char)) {
      if (word !== "") {
        found.push(word);
        word = "";
      }
      found.push(char);
    } else {
      word += char;
      if (char === " ") {
        found.push(word);
        word = "";
      }
    }
  }
  return word === "" ? found : [...found, word];
}

function charWidth(char: string): number {
  return WIDE.test(char) ? 2 : ZERO.test(char) ? 0 : 1;
}

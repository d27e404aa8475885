/**
 * Commands for people to copy, built so that no string of the cluster can be anything but one word of them: a command is
 * only made by the tag `sh`, which quotes what is put into it. Apart, because every runbook depends on this promise.
 */
import type { Text } from "../../shared/text.ts";

/** Something that is not known here and that the operator fills in; a shell refuses the command until it is set. */
export interface Blank {
  readonly kind: "blank";
  /** Name of a shell variable. */
  readonly name: string;
  readonly text: Text;
}

/** A piece of shell: whole commands, one a line, or words of one. */
export interface Shell {
  readonly kind: "shell";
  readonly text: string;
  readonly blanks: readonly Blank[];
}

/** What may stand in a command: text (quoted), a number, a blank, or a piece that is shell already. */
export type Word = string | number | Blank | Shell;

/** The next line of the same command. */
export const NEXT_LINE: Shell = { kind: "shell", text: " \\\n  ", blanks: [] };
export const NOTHING: Shell = { kind: "shell", text: "", blanks: [] };

const UNPRINTABLE: Blank = {
  kind: "blank",
  name: "UNPRINTABLE",
  text: {
    en: "what the cluster reports here holds characters that cannot be shown: type it by hand",
    zh: "集群报告的这一项含有无法显示的字符：请手工填写",
  },
};

/** sh`mv ${path} ${backup}`: every word that is put in becomes exactly one word, or part of one, of the command. */
export function sh(parts: TemplateStringsArray, ...words: readonly Word[]): Shell {
  const shells = words.map(toShell);
  const text = parts.map((part, index) => part + (shells[index]?.text ?? "")).join("");
  return { kind: "shell", text, blanks: joinBlanks(shells) };
}

/** Commands, one after the other; those that are not there are left out. */
export function lines(...commands: readonly (Shell | undefined)[]): Shell {
  const present = commands.filter((command) => command !== undefined && command.text !== "") as Shell[];
  return {
    kind: "shell",
    text: present.map(({ text }) => text).join("\n"),
    blanks: joinBlanks(present),
  };
}

export function blank(name: string, text: Text): Blank {
  return { kind: "blank", name, text };
}

export function isKnown(word: Word): word is string {
  return typeof word === "string";
}

/** One word of POSIX shell that stands for the text. */
export function quote(text: string): string {
  return /^[A-Za-z0-9_/:.,@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function toShell(word: Word): Shell {
  if (typeof word === "object") {
    return word.kind === "shell" ? word : { kind: "shell", text: `"\${${word.name}:?}"`, blanks: [word] };
  }
  const text = String(word);
  // Control, format and line-separating characters can hide what a command does from who copies it.
  return /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u.test(text)
    ? toShell(UNPRINTABLE)
    : { kind: "shell", text: quote(text), blanks: [] };
}

function joinBlanks(shells: readonly Shell[]): readonly Blank[] {
  const all = new Map(shells.flatMap(({ blanks }) => blanks.map((one) => [one.name, one])));
  return [...all.values()];
}

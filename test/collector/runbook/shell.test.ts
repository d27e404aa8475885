import { spawnSync } from "node:child_process";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blank, lines, quote, sh } from "../../../collector/runbook/shell.ts";

/** What a real shell makes of a command whose program only tells its arguments. */
export function runShell(script: string): { readonly args: readonly string[]; readonly error: string } {
  const tell = String.raw`tell() { printf '%s\0' "$@"; }`;
  const done = spawnSync("/bin/sh", ["-c", `${tell}\n${script}`], { encoding: "utf8", env: {} });
  return { args: done.stdout.split("\0").slice(0, -1), error: done.stderr };
}

describe("collector/runbook/shell", () => {
  it("makes one word of any text, as a real shell reads it", () => {
    const nasty = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.string({ unit: fc.constantFrom(..."'\"\\$`;&|<>()*?[]{}~#!= -\t".split("")) }),
    );
    fc.assert(
      fc.property(fc.array(nasty, { minLength: 1, maxLength: 20 }), (texts) => {
        const printable = texts.filter((text) => !/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u.test(text));
        const words = printable
          .map((text) => sh`${text}`)
          .reduce((all, one) => sh`${all} ${one}`, sh`tell --`);
        expect(runShell(words.text)).toEqual({ args: ["--", ...printable], error: "" });
      }),
      { numRuns: 40 },
    );
  });

  it("keeps a text part of the word it stands in", () => {
    expect(runShell(sh`tell --name=${"a b'c"}.aside`.text).args).toEqual(["--name=a b'c.aside"]);
  });

  it("leaves plain words as people write them", () => {
    expect(quote("https://10.0.0.1:2379")).toBe("https://10.0.0.1:2379");
    expect(quote("")).toBe("''");
    expect(quote("~root")).toBe("'~root'");
  });

  it("refuses to run while a blank is not filled in", () => {
    const where = blank("BACKUP_DIR", { en: "a folder", zh: "目录" });
    const command = sh`tell ${where}/x`;
    expect(command.blanks).toEqual([where]);
    expect(runShell(command.text).args).toEqual([]);
    expect(runShell(command.text).error).toContain("BACKUP_DIR");
    expect(runShell(`BACKUP_DIR='/a b'\n${command.text}`).args).toEqual(["/a b/x"]);
  });

  it("shows nothing that could hide what a command does", () => {
    for (const text of ["a\nb", "a\u001b[2K", "a\u202eb", "a\u0000", "a\u2028b", "\ud800"]) {
      const command = sh`tell ${text}`;
      expect(command.text).toBe('tell "${UNPRINTABLE:?}"');
      expect(command.blanks).toHaveLength(1);
    }
  });

  it("tells each blank once, and drops commands that are not there", () => {
    const one = blank("A", { en: "a", zh: "a" });
    expect(lines(sh`tell ${one}`, undefined, sh`tell ${one}`)).toEqual({
      kind: "shell",
      text: 'tell "${A:?}"\ntell "${A:?}"',
      blanks: [one],
    });
  });
});

/** A systemd unit of etcd → the flags that it is started with: its command line, its environment and its environment files. */
import type { GivenFlags } from "./parse-given-flags.ts";
import { parseArguments, parseEnvironmentFlags } from "./parse-given-flags.ts";

export interface UnitPlace {
  /** The machine's name, which units write as %H. */
  readonly hostname: string;
  /** The text of an environment file, undefined where it is not there. */
  readonly read: (path: string) => Promise<string | undefined>;
}

/** undefined: the unit starts something else. */
export async function parseUnitFlags(text: string, place: UnitPlace): Promise<GivenFlags | undefined> {
  const specifiers: Readonly<Record<string, string>> = {
    H: place.hostname,
    p: "etcd",
    N: "etcd",
    n: "etcd.service",
    "%": "%",
  };
  const settings = parseSettings(text).map(
    ([key, value]) =>
      [key, value.replaceAll(/%(.)/g, (whole, letter: string) => specifiers[letter] ?? whole)] as const,
  );
  const start = settings.find(([key]) => key === "ExecStart")?.[1] ?? "";
  const [program = "", ...words] = splitWords(start.replace(/^[@:+!-]+/, ""));
  if (!/(^|\/)etcd$/.test(program)) {
    return undefined;
  }
  const environment: Record<string, string> = {};
  for (const [key, value] of settings) {
    if (key === "Environment") {
      Object.assign(environment, parseAssignments(splitWords(value)));
    } else if (key === "EnvironmentFile") {
      const file = await place.read(value.replace(/^-/, ""));
      Object.assign(environment, parseAssignments((file ?? "").split("\n").map(unquoteLine)));
    }
  }
  const expanded = words.map((word) =>
    word.replaceAll(/\$\{?(\w+)\}?/g, (_, name: string) => environment[name] ?? ""),
  );
  return { ...parseEnvironmentFlags(environment), ...parseArguments(expanded) };
}

/** "Key=value" lines, those that go on with a backslash joined. */
function parseSettings(text: string): readonly (readonly [string, string])[] {
  return text
    .replaceAll(/\\\n\s*/g, " ")
    .split("\n")
    .flatMap((line) => {
      const found = /^(\w+)=(.*)$/.exec(line.trim());
      return found?.[1] === undefined ? [] : [[found[1], (found[2] ?? "").trim()] as const];
    });
}

function splitWords(text: string): readonly string[] {
  return [...text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ""),
  );
}

function parseAssignments(words: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    words.flatMap((word) => {
      const found = /^(\w+)=([\s\S]*)$/.exec(word);
      return found?.[1] === undefined ? [] : [[found[1], found[2] ?? ""] as const];
    }),
  );
}

function unquoteLine(line: string): string {
  return line.trim().replace(/^(\w+)=(["'])(.*)\2$/, "$1=$3");
}

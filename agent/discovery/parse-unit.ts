/** A systemd unit of etcd → how it is started: its command line, its environment and its environment files. */
import { posix } from "node:path";
import { findEtcdWords } from "./find-etcd-words.ts";
import type { GivenFlags } from "./parse-given-flags.ts";
import { parseArguments, parseEnvironmentFlags } from "./parse-given-flags.ts";
import { splitWords } from "./split-words.ts";

export interface UnitPlace {
  /** The machine's name, which units write as %H. */
  readonly hostname: string;
  /** The text of an environment file, undefined where it is not there. */
  readonly read: (path: string) => Promise<string | undefined>;
}

export interface ParsedUnit {
  readonly given: GivenFlags;
  /** Its working directory, from which relative paths begin. */
  readonly directory: string;
  /** The file that its standard error is written to; undefined: the journal, or nowhere. */
  readonly errorFile: string | undefined;
}

type Settings = readonly (readonly [string, string])[];
type Environment = Readonly<Record<string, string>>;

/** Behind each of these, one without a value takes back what was set before it. */
const LISTS: ReadonlySet<string> = new Set(["ExecStart", "Environment", "EnvironmentFile"]);

/** `text` is the unit's with those of its drop-ins behind it, in systemd's order. undefined: the unit starts something else. */
export async function parseUnit(text: string, place: UnitPlace): Promise<ParsedUnit | undefined> {
  const settings = resetLists(parseSettings(text)).map(
    ([key, value]) => [key, expandSpecifiers(value, place.hostname)] as const,
  );
  const environment = await readEnvironment(settings, place);
  for (const start of listOf(settings, "ExecStart")) {
    const words = splitWords(start.replace(/^[@:+!|-]+/, "")).flatMap((word) =>
      expandWord(word, environment),
    );
    const etcd = findEtcdWords(words, { environment, hostname: place.hostname });
    if (etcd !== undefined) {
      return {
        given: { ...parseEnvironmentFlags(etcd.environment), ...parseArguments(etcd.words) },
        directory: findDirectory(settings),
        errorFile: findErrorFile(settings),
      };
    }
  }
  return undefined;
}

/** What a file sets goes before what the unit sets itself, wherever in it that stands. */
async function readEnvironment(settings: Settings, { read }: UnitPlace): Promise<Environment> {
  const environment: Record<string, string> = {};
  for (const value of listOf(settings, "Environment")) {
    Object.assign(environment, parseAssignments(splitWords(value)));
  }
  for (const value of listOf(settings, "EnvironmentFile")) {
    const file = (await read(value.replace(/^-/, ""))) ?? "";
    Object.assign(environment, parseAssignments(joinLines(file).split("\n").map(unquoteLine)));
  }
  return environment;
}

function expandSpecifiers(value: string, hostname: string): string {
  const specifiers: Environment = {
    H: hostname,
    l: hostname.split(".", 1)[0] ?? "",
    p: "etcd",
    N: "etcd",
    n: "etcd.service",
    i: "",
    E: "/etc",
    S: "/var/lib",
    L: "/var/log",
    t: "/run",
    "%": "%",
  };
  return value.replaceAll(/%(.)/g, (whole, letter: string) => specifiers[letter] ?? whole);
}

/** "$NAME" alone is as many words as its value has; "${NAME}" is put in wherever it stands; "$$" is a dollar. */
function expandWord(word: string, environment: Environment): readonly string[] {
  const alone = /^\$(\w+)$/.exec(word)?.[1];
  return alone === undefined
    ? [
        word.replaceAll(/\$\{(\w+)\}|\$\$/g, (_, name?: string) =>
          name === undefined ? "$" : (environment[name] ?? ""),
        ),
      ]
    : splitWords(environment[alone] ?? "");
}

function findDirectory(settings: Settings): string {
  const directory = (listOf(settings, "WorkingDirectory").at(-1) ?? "").replace(/^-/, "");
  return posix.isAbsolute(directory) ? directory : "/";
}

/** Standard error goes where standard output does unless it is told otherwise. */
function findErrorFile(settings: Settings): string | undefined {
  const output = listOf(settings, "StandardError").at(-1) || listOf(settings, "StandardOutput").at(-1) || "";
  const inherited = output === "inherit" ? (listOf(settings, "StandardOutput").at(-1) ?? "") : output;
  return /^(?:file|append|truncate):(\/.*)$/.exec(inherited)?.[1];
}

function listOf(settings: Settings, key: string): readonly string[] {
  return settings.filter(([name]) => name === key).map(([, value]) => value);
}

function resetLists(settings: Settings): Settings {
  const lastReset = new Map(
    settings.flatMap(([key, value], index) => (value === "" ? [[key, index] as const] : [])),
  );
  return settings.filter(([key], index) => !LISTS.has(key) || index > (lastReset.get(key) ?? -1));
}

/** "Key=value" lines, those that go on with a backslash joined. */
function parseSettings(text: string): Settings {
  return joinLines(text)
    .split("\n")
    .flatMap((line) => {
      const found = /^(\w+)\s*=(.*)$/.exec(line.trim());
      return found?.[1] === undefined ? [] : [[found[1], (found[2] ?? "").trim()] as const];
    });
}

function joinLines(text: string): string {
  return text.replaceAll(/\\\n\s*/g, " ");
}

function parseAssignments(words: readonly string[]): Environment {
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

/** Which etcd a command line comes to, through a shell, `env`, `nice` and their like: its own words and what is set for it. Pure. */
import { COMMAND_ENDS, splitWords } from "./split-words.ts";

export interface EtcdCommand {
  /** Behind the program's name. */
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface CommandPlace {
  readonly environment: Readonly<Record<string, string>>;
  /** What $(hostname) gives. */
  readonly hostname: string;
}

const ETCD = /(?:^|\/)etcd$/;
const SHELL = /(?:^|\/)(?:ba|da|z|k)?sh$/;
/** They start what follows their own options. */
const WRAPPER =
  /(?:^|\/)(?:env|exec|nice|ionice|taskset|chrt|numactl|setpriv|runuser|sudo|nohup|stdbuf|prlimit|tini|dumb-init)$/;
const ASSIGNMENT = /^(\w+)=([\s\S]*)$/;

/** undefined: it starts something else, or a script that is not in the line. */
export function findEtcdWords(command: readonly string[], place: CommandPlace): EtcdCommand | undefined {
  const environment: Record<string, string> = { ...place.environment };
  const words = [...command];
  takeAssignments(words, environment);
  const [program = ""] = words;
  if (ETCD.test(program)) {
    return { words: words.slice(1), environment };
  }
  if (SHELL.test(program)) {
    const at = words.findIndex((word, index) => index > 0 && /^-[a-z]*c$/.test(word));
    return at < 0 ? undefined : findInScript(words[at + 1] ?? "", { ...place, environment });
  }
  if (!WRAPPER.test(program)) {
    return undefined;
  }
  const next = words.findIndex((word, index) => index > 0 && (ETCD.test(word) || SHELL.test(word)));
  if (next < 0) {
    return undefined;
  }
  for (const word of words.slice(1, next)) {
    takeAssignments([word], environment);
  }
  return findEtcdWords(words.slice(next), { ...place, environment });
}

/** One command after the other, with what those before have set. */
function findInScript(script: string, { environment, hostname }: CommandPlace): EtcdCommand | undefined {
  const known: Record<string, string> = { ...environment };
  let command: string[] = [];
  const plain = script
    .replaceAll(/\$\(\s*(?:\/bin\/|\/usr\/bin\/)?hostname\b[^()]*\)/g, hostname)
    .replaceAll(/\$\([^()]*\)|`[^`]*`/g, "");
  for (const word of [...splitWords(plain, true), ";"]) {
    if (!COMMAND_ENDS.has(word)) {
      command.push(expand(word, known));
      continue;
    }
    const found = findEtcdWords(withoutRedirections(command), { environment: known, hostname });
    if (found !== undefined) {
      return found;
    }
    takeAssignments(command[0] === "export" ? command.slice(1) : command, known);
    command = [];
  }
  return undefined;
}

/** Removes the assignments in front. */
function takeAssignments(words: string[], into: Record<string, string>): void {
  for (;;) {
    const found = ASSIGNMENT.exec(words[0] ?? "");
    if (found?.[1] === undefined) {
      return;
    }
    into[found[1]] = found[2] ?? "";
    words.shift();
  }
}

/** "$NAME", "${NAME}", "${NAME:-otherwise}". */
function expand(word: string, known: Readonly<Record<string, string>>): string {
  return word.replaceAll(/\$(?:\{\w+(?::?-[^}]*)?\}|\w+)/g, (whole) => {
    const [, name = "", otherwise = ""] = /^\$\{?(\w+)(?::?-([^}]*))?/.exec(whole) ?? [];
    return known[name] || otherwise;
  });
}

/** "2>&1" is cut at its "&" before; what is left of it goes too. */
function withoutRedirections(words: readonly string[]): string[] {
  return words.filter(
    (word, index) => !/^\d*[<>]/.test(word) && !/^\d*[<>]{1,2}$/.test(words[index - 1] ?? ""),
  );
}

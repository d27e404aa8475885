/** The three ways to give etcd its flags, each as text or document → flags by name. Pure, so that the table of cases tests it. */
import { classifyVariable } from "./etcd-flag-names.ts";
import { redactUnknown } from "./redact-flags.ts";

export type GivenFlags = Readonly<Record<string, string>>;

/**
 * argv without the program's name, as Go's flag package reads it: -a=b, --a=b, --a b, and --a alone for "true".
 * A word after a flag is its value unless it begins with a dash and a letter: etcd takes no words of its own, so that it
 * need not be known which flags are booleans.
 */
export function parseArguments(words: readonly string[]): GivenFlags {
  const given: Record<string, string> = {};
  for (let index = 0; index < words.length; index++) {
    const match = /^--?([A-Za-z][^=]*)(?:=([\s\S]*))?$/.exec(words[index] ?? "");
    if (match?.[1] === undefined) {
      continue;
    }
    const next = words[index + 1];
    if (match[2] !== undefined) {
      given[match[1]] = match[2];
    } else if (next === undefined || /^--?[A-Za-z]/.test(next)) {
      given[match[1]] = "true";
    } else {
      given[match[1]] = next;
      index += 1;
    }
  }
  return given;
}

/**
 * ETCD_DATA_DIR → data-dir. Variables that are no flag of etcd, and empty ones, are left out as etcd does. One that may be a flag
 * of a version to come is kept, with its value where that is a number, a time or a yes or no.
 */
export function parseEnvironmentFlags(environment: Readonly<Record<string, string>>): GivenFlags {
  const given: Record<string, string> = {};
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith("ETCD_") || value === "") {
      continue;
    }
    const name = variable.slice("ETCD_".length).toLowerCase().replaceAll("_", "-");
    const kind = classifyVariable(name);
    if (kind !== "none") {
      given[name] = kind === "known" ? value : redactUnknown(value);
    }
  }
  return given;
}

const TLS_SECTIONS: Readonly<Record<string, string>> = {
  "client-transport-security": "",
  "peer-transport-security": "peer-",
};

/** A --config-file: keys are named like the flags, but for the two sections of TLS. */
export function flattenConfigFile(document: unknown): GivenFlags {
  const given: Record<string, string> = {};
  for (const [key, value] of entriesOf(document)) {
    const prefix = TLS_SECTIONS[key];
    if (prefix === undefined) {
      given[key] = formatValue(value);
    } else {
      for (const [inner, innerValue] of entriesOf(value)) {
        given[`${prefix}${inner}`] = formatValue(innerValue);
      }
    }
  }
  return given;
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

function formatValue(value: unknown): string {
  if (Array.isArray(value)) {
    return value.map(formatValue).join(",");
  }
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** A schema's complaint in the words of somebody who writes the file by hand. */
import type { z } from "zod";
import type { KeyPath } from "./config-problem.ts";
import { findNearest } from "./find-nearest.ts";

export function describeIssue(
  issue: z.core.$ZodIssue,
  data: unknown,
): { readonly path: KeyPath; readonly message: string } {
  if (issue.code === "invalid_union") {
    return describeUnion(issue, data);
  }
  const path = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
  return { path, message: describe(issue, valueAt(data, path)) };
}

/** The complaint of the alternative that was meant: the one that does not object to the kind of the value itself. */
function describeUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  data: unknown,
): { readonly path: KeyPath; readonly message: string } {
  const meant = issue.errors.find(([first]) => first !== undefined && !isAboutKind(first));
  const [inner] = meant ?? issue.errors[0] ?? [];
  return inner === undefined
    ? { path: issue.path.map(String), message: issue.message }
    : describeIssue({ ...inner, path: [...issue.path, ...inner.path] }, data);
}

function isAboutKind(issue: z.core.$ZodIssue): boolean {
  return issue.code === "invalid_type" && issue.path.length === 0;
}

function describe(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case "invalid_type":
      if (value === undefined) {
        return "is required";
      }
      return `expected ${KINDS[issue.expected] ?? issue.expected}, got ${show(value)}${quoteHint(issue.expected, value)}`;
    case "invalid_value": {
      if (value === undefined) {
        return "is required";
      }
      const allowed = issue.values.map(String);
      const nearest = typeof value === "string" ? findNearest(value, allowed) : undefined;
      const hint = nearest === undefined ? "" : `, did you mean "${nearest}"?`;
      return `expected ${allowed.join(" | ")}, got ${show(value)}${hint}`;
    }
    case "too_small":
      return issue.origin === "array"
        ? "expected at least one entry"
        : `expected at least ${issue.minimum}, got ${show(value)}`;
    case "too_big":
      return issue.origin === "array"
        ? `expected at most ${issue.maximum} entries`
        : `expected at most ${issue.maximum}, got ${show(value)}`;
    case "invalid_key":
      return issue.issues.map((inner) => inner.message).join("; ");
    default:
      return issue.message;
  }
}

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  object: "a section of keys",
  record: "a section of keys",
  array: "a list",
  boolean: "true or false",
  number: "a number",
  int: "a whole number",
};

/** YAML reads 2 and true as a number and a boolean; where text is meant they need quotes. */
function quoteHint(expected: string, value: unknown): string {
  return expected === "string" && (typeof value === "number" || typeof value === "boolean")
    ? ` (write it as "${String(value)}", in quotes, with its unit if it is a measure)`
    : "";
}

function show(value: unknown): string {
  if (Array.isArray(value)) {
    return "a list";
  }
  return typeof value === "object" && value !== null ? "a section of keys" : JSON.stringify(value);
}

export function valueAt(data: unknown, path: KeyPath): unknown {
  let value = data;
  for (const step of path) {
    value =
      typeof value === "object" && value !== null && Object.hasOwn(value, step)
        ? (value as Readonly<Record<string, unknown>>)[String(step)]
        : undefined;
  }
  return value;
}

/** Asks the collector. Every outcome is a value: an answer, a refusal with its words, or no answer at all. */
import { signal } from "@preact/signals";
import type { Problem } from "../../../shared/rest.ts";
import { readStored, writeStored } from "./storage.ts";

export type Answer<T> =
  | { readonly kind: "ok"; readonly data: T }
  | { readonly kind: "problem"; readonly problem: Problem }
  /** The collector did not answer, or with something that is not its own. */
  | { readonly kind: "silent"; readonly because: string };

const KEY = "etcdscope.token";
/** The API's own limit is 30 s; a page that waits longer than this is better told so. */
const ANSWER_WITHIN_MS = 20_000;

export const token = signal<string | undefined>(readStored("session", KEY));
/** The collector asked for a token, or refused the one it was given. */
export const isTokenNeeded = signal(false);

export function setToken(given: string | undefined): void {
  token.value = given;
  writeStored("session", KEY, given);
  isTokenNeeded.value = false;
}

/** Relative, so that the console also works below a path of a reverse proxy. */
export function apiUrl(path: string): string {
  return `api/v1${path}`;
}

export function authorization(): Record<string, string> {
  return token.value === undefined ? {} : { authorization: `Bearer ${token.value}` };
}

export async function ask<T>(path: string): Promise<Answer<T>> {
  const answer = await askRaw(path);
  if (answer.kind !== "ok") {
    return answer;
  }
  try {
    return { kind: "ok", data: (await answer.data.json()) as T };
  } catch (error) {
    return { kind: "silent", because: describe(error) };
  }
}

/** For documents that are no JSON. */
export async function askRaw(path: string): Promise<Answer<Response>> {
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const response = await fetch(apiUrl(path), { headers: authorization(), signal, cache: "no-store" });
    if (response.ok) {
      return { kind: "ok", data: response };
    }
    return await readRefusal(response);
  } catch (error) {
    return { kind: "silent", because: describe(error) };
  }
}

async function readRefusal(response: Response): Promise<Answer<never>> {
  if (response.status === 401) {
    isTokenNeeded.value = true;
  }
  if (response.headers.get("content-type")?.startsWith("application/problem+json") !== true) {
    return { kind: "silent", because: `HTTP ${response.status}` };
  }
  return { kind: "problem", problem: (await response.json()) as Problem };
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

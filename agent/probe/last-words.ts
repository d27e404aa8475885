/** What etcd said last before it ended, as it is sent, and as it is kept over a restart of the agent. Pure. */
import { create } from "@bufbuild/protobuf";
import { FactSchema, LastWordsFactSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Fact } from "../../shared/gen/etcdscope/v1/fact_pb.js";

export interface LastWord {
  readonly code: string;
  readonly atMs: number;
  /** Redacted and bounded. */
  readonly said: string;
}

export const LAST_WORDS_FACT = "last_words";
export const LAST_WORDS_FILE = "log-last-words.json";
/** Enough for one attempt to start, whatever it says beside its reason. */
export const MAX_LAST_WORDS = 8;
/** What is told in a sentence. */
export const MAX_SAID = 200;

/** Also without a word: where the log is, is worth knowing then. */
export function lastWordsFact(last: readonly LastWord[], source: string): Fact {
  const words = last.map(({ atMs, code, said }) => ({ atUnixMs: BigInt(Math.round(atMs)), code, said }));
  const value = create(LastWordsFactSchema, { words, source });
  return create(FactSchema, { key: LAST_WORDS_FACT, body: { case: "lastWords", value } });
}

export function formatLastWords(words: readonly LastWord[]): string {
  return JSON.stringify(words);
}

/** None where the text is torn by a crash of the machine, or of another version. */
export function parseLastWords(text: string): readonly LastWord[] {
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch {
    return [];
  }
  return (Array.isArray(values) ? values : [])
    .flatMap((value: unknown) => {
      const { code, atMs, said } = (value ?? {}) as Readonly<Record<string, unknown>>;
      return typeof code === "string" && typeof atMs === "number" && typeof said === "string"
        ? [{ code, atMs, said: said.slice(0, MAX_SAID) }]
        : [];
    })
    .slice(-MAX_LAST_WORDS);
}

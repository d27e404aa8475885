/**
 * Looks up names for the agent's connections: one question a name at a time, however many ask, and few in all. A name service
 * that does not answer holds a thread for 10 s and longer a question, and the agent asks again every second.
 */
import { lookup } from "node:dns";
import type { LookupAddress, LookupOptions } from "node:dns";
import type { LookupFunction } from "node:net";

type Callback = Parameters<LookupFunction>[2];
type Answer = readonly [
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
];

export type LookUp = (
  name: string,
  options: LookupOptions,
  callback: (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void,
) => void;

/** Threads that questions may hold: half of what Node itself would allow. */
const MAX_QUESTIONS = 2;
/** Who asked and has given up is still in the list, until the answer comes. */
const MAX_ASKING = 32;

interface Question {
  readonly name: string;
  readonly options: LookupOptions;
  readonly asking: Callback[];
}

/** What a socket takes as its `lookup`. */
export function createNameResolver(lookUp: LookUp = lookup): LookupFunction {
  const open = new Map<string, Question>();
  const waiting: string[] = [];
  let asked = 0;

  function begin(): void {
    const key = asked < MAX_QUESTIONS ? waiting.shift() : undefined;
    const question = key === undefined ? undefined : open.get(key);
    if (key === undefined || question === undefined) {
      return;
    }
    asked += 1;
    lookUp(question.name, question.options, (...answer: Answer) => {
      asked -= 1;
      open.delete(key);
      for (const callback of question.asking) {
        callback(...(answer as Parameters<Callback>));
      }
      begin();
    });
    begin();
  }

  return (name, options, callback) => {
    const key = `${name} ${String(options.family)} ${String(options.hints)} ${String(options.all)}`;
    const question = open.get(key);
    if (question === undefined) {
      open.set(key, { name, options, asking: [callback] });
      waiting.push(key);
      begin();
    } else if (question.asking.length < MAX_ASKING) {
      question.asking.push(callback);
    } else {
      const error = Object.assign(new Error(`${name} is being looked up by many`), { code: "EAI_AGAIN" });
      callback(error, "");
    }
  };
}

/** What a story prints: a line for each thing that is as it must be; the first that is not ends it. */

export function say(text: string): void {
  console.log(text);
}

export function check(what: string, isTrue: boolean, detail = ""): void {
  say(`${isTrue ? "ok     " : "FAILED "} ${what}${isTrue || detail === "" ? "" : `: ${detail}`}`);
  if (!isTrue) {
    throw new Error(what);
  }
}

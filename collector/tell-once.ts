/** What would otherwise be logged at every look: each thing once, of so many things. */

export type TellOnce = (what: string, tell: () => void) => void;

export function createTellOnce(atMost: number): TellOnce {
  const told = new Set<string>();
  return (what, tell) => {
    if (!told.has(what) && told.size < atMost) {
      told.add(what);
      tell();
    }
  };
}

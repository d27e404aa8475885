/** Waits for a condition instead of a time. */
export async function waitFor(what: string, holds: () => boolean, limitMs = 10_000): Promise<void> {
  const until = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > until) {
      throw new Error(`Waited ${limitMs} ms for: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

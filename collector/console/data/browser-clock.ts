/** The console's only door to time; a page's clock may differ from the collector's, so ages are told from its own receipts. */
export function nowMs(): number {
  return Date.now();
}

/** Who is next: clients take turns, and each client's own come in order, so that one with many keeps nobody else waiting. Pure but for its memory. */

export interface Turns<Item> {
  add(client: string, item: Item): void;
  /** Takes the next one out; undefined: nobody waits. */
  take(): Item | undefined;
  /** It does not wait any more; false: it did not. */
  remove(client: string, item: Item): boolean;
  size(): number;
}

export function createTurns<Item>(): Turns<Item> {
  /** The client whose turn it is comes first. */
  const clients = new Map<string, Set<Item>>();
  let size = 0;

  function remove(client: string, item: Item): boolean {
    const items = clients.get(client);
    if (items?.delete(item) !== true) {
      return false;
    }
    size -= 1;
    if (items.size === 0) {
      clients.delete(client);
    }
    return true;
  }

  function take(): Item | undefined {
    for (const [client, items] of clients) {
      for (const item of items) {
        remove(client, item);
        if (clients.delete(client)) {
          clients.set(client, items);
        }
        return item;
      }
    }
    return undefined;
  }

  return {
    add: (client, item) => {
      const items = clients.get(client) ?? new Set();
      clients.set(client, items.add(item));
      size += 1;
    },
    take,
    remove,
    size: () => size,
  };
}

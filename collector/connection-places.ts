/** Who holds how many connections, so that no single client takes all the places of a port. Pure but for its counts. */

export interface ConnectionPlaces {
  /** False: the client has as many as one may. Otherwise it has one more until it leaves. */
  take(client: string): boolean;
  leave(client: string): void;
}

/** At most `limit` a client. Holds one entry for each client that is there. */
export function createConnectionPlaces(limit: number): ConnectionPlaces {
  const held = new Map<string, number>();
  return {
    take: (client) => {
      const before = held.get(client) ?? 0;
      if (before >= limit) {
        return false;
      }
      held.set(client, before + 1);
      return true;
    },
    leave: (client) => {
      const before = held.get(client) ?? 0;
      if (before > 1) {
        held.set(client, before - 1);
      } else {
        held.delete(client);
      }
    },
  };
}

/** Whose address it is: one IPv4 address, or the 64 bits of an IPv6 network, of which one client has all addresses. */
export function clientOf(address: string): string {
  const mapped = /^::ffff:(\d+(?:\.\d+){3})$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(":")) {
    return mapped ?? address;
  }
  const [head = "", tail] = (address.split("%")[0] ?? "").split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0");
  const network = [...left, ...zeros, ...right]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(":")}::/64`;
}

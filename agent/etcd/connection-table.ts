/** Connections by member: made when first needed, made anew when the member's address changes, closed when it goes. */
import type { Address } from "./address.ts";

export interface Connection {
  readonly address: Address;
  close(): Promise<void>;
}

export class ConnectionTable<T extends Connection> {
  readonly #create: (address: Address) => T;
  readonly #byName = new Map<string, T>();

  constructor(create: (address: Address) => T) {
    this.#create = create;
  }

  at(name: string, address: Address): T {
    const known = this.#byName.get(name);
    if (known !== undefined && isSame(known.address, address)) {
      return known;
    }
    void known?.close();
    const made = this.#create(address);
    this.#byName.set(name, made);
    return made;
  }

  find(name: string): T | undefined {
    return this.#byName.get(name);
  }

  /** Closes the connections of all others. */
  async keep(isKept: (name: string) => boolean): Promise<void> {
    const gone = [...this.#byName].filter(([name]) => !isKept(name));
    for (const [name] of gone) {
      this.#byName.delete(name);
    }
    await Promise.all(gone.map(async ([, connection]) => await connection.close()));
  }
}

function isSame(one: Address, other: Address): boolean {
  return one.host === other.host && one.port === other.port && one.isTls === other.isTls;
}

/** The three calls of the reflect-metadata standard proposal that @peculiar/x509's container makes; Node has none of them. */

type Key = string | symbol;

const metadata = new WeakMap<object, Map<Key, unknown>>();

function getOwnMetadata(key: Key, target: object): unknown {
  return metadata.get(target)?.get(key);
}

function getMetadata(key: Key, target: object): unknown {
  const parent = Object.getPrototypeOf(target) as object | null;
  return getOwnMetadata(key, target) ?? (parent === null ? undefined : getMetadata(key, parent));
}

function defineMetadata(key: Key, value: unknown, target: object): void {
  metadata.set(target, (metadata.get(target) ?? new Map<Key, unknown>()).set(key, value));
}

// Another part of the process may have brought the real package.
if (!("getMetadata" in Reflect)) {
  Object.assign(Reflect, { getMetadata, getOwnMetadata, defineMetadata });
}

/** etcd's unsigned 64-bit identifiers: bigint in code, lower-case hex outside, exactly as etcdctl prints them. */

/** 0x8e9e05c52164694d → "8e9e05c52164694d"; no leading zeros, as etcdctl. */
export function formatId(id: bigint): string {
  return id.toString(16);
}

/** "8e9e05c52164694d" → bigint, or undefined when the text is not 1 to 16 hex digits. */
export function parseId(text: string): bigint | undefined {
  return /^[0-9a-f]{1,16}$/.test(text) ? BigInt(`0x${text}`) : undefined;
}

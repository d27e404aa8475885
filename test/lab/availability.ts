/** What a machine may lack (root, apt, loop devices, namespaces) is a value, so that tests skip by name and say why. */

export interface Unavailable {
  readonly kind: "unavailable";
  /** A sentence for people, without a full stop. */
  readonly because: string;
}

export function unavailable(because: string): Unavailable {
  return { kind: "unavailable", because };
}

/** Undefined when this process may make namespaces, mounts and firewall rules. */
export function findWhyNotRoot(): Unavailable | undefined {
  return process.getuid?.() === 0 ? undefined : unavailable("needs root");
}

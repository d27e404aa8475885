/** Where k3s and RKE2 keep the configuration of the etcd that they start, with a data directory of the operator's choice too. */
import { posix } from "node:path";
import type { Starter } from "./starter.ts";

export interface RancherPlace {
  /** Of etcd's configuration file. */
  readonly path: string;
  readonly starter: Starter;
}

/** Below the data directory. */
export const EMBEDDED_CONFIG = "server/db/etcd/config";
export const K3S_DATA_DIR = "/var/lib/rancher/k3s";
export const K3S_CONFIG = "/etc/rancher/k3s/config.yaml";

const PRODUCTS: readonly { config: string; dataDir: string; starter: Starter }[] = [
  { config: "/etc/rancher/rke2/config.yaml", dataDir: "/var/lib/rancher/rke2", starter: { kind: "pod" } },
  { config: K3S_CONFIG, dataDir: K3S_DATA_DIR, starter: { kind: "unit", unit: "k3s.service" } },
];

/** `read` gives undefined for a file that is not there. */
export async function listRancherPlaces(
  read: (path: string) => Promise<string | undefined>,
): Promise<readonly RancherPlace[]> {
  const places: RancherPlace[] = [];
  for (const { config, dataDir, starter } of PRODUCTS) {
    const given = await parseRancherDataDir((await read(config)) ?? "");
    places.push({ path: posix.join(given ?? dataDir, EMBEDDED_CONFIG), starter });
  }
  return places;
}

/** data-dir of the product's own configuration file; undefined: it has none. */
export async function parseRancherDataDir(text: string): Promise<string | undefined> {
  if (!/^\s*["']?data-dir["']?\s*:/m.test(text)) {
    return undefined;
  }
  try {
    const { parse } = await import("yaml");
    const given = (parse(text, { logLevel: "error" }) as Record<string, unknown> | null)?.["data-dir"];
    return typeof given === "string" && posix.isAbsolute(given) ? given : undefined;
  } catch {
    // k3s would not start with it either.
    return undefined;
  }
}

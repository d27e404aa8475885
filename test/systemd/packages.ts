/** The packages as they lie on each machine, and how an operator installs them. */
import { ETCDSCOPE_VERSION } from "../../shared/version.ts";
import type { Machine } from "./machine.ts";

const INSTALL_MS = 300_000;

export type Service = "agent" | "collector";

export function installCommand(service: Service, ...options: readonly string[]): readonly string[] {
  const file = `/root/packages/etcdscope-${service}_${ETCDSCOPE_VERSION}_amd64.deb`;
  return ["apt-get", "install", "--yes", ...options, file];
}

/** By apt, from the file, with no repository at hand; throws with what was said when it fails. */
export async function install(
  machine: Machine,
  service: Service,
  ...options: readonly string[]
): Promise<void> {
  await machine.must(installCommand(service, ...options), INSTALL_MS);
}

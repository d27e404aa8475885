/** The real etcd that everything is tried on: Debian's 3.4 (bookworm) and 3.5 (trixie), fetched privately when missing. */

import { existsSync } from "node:fs";
import type { Unavailable } from "./availability.ts";
import { ensureDebianTool } from "./debian-tool.ts";
import { runCommand } from "./run-command.ts";

export type EtcdVersion = "3.4" | "3.5";

export interface EtcdBinaries {
  readonly kind: "available";
  readonly version: EtcdVersion;
  readonly etcd: string;
  readonly etcdctl: string;
}

const SUITES = { "3.4": "bookworm", "3.5": "trixie" } as const;

const INSTALLED = { etcd: "/usr/bin/etcd", etcdctl: "/usr/bin/etcdctl" };

async function isInstalled(version: EtcdVersion): Promise<boolean> {
  if (!existsSync(INSTALLED.etcd) || !existsSync(INSTALLED.etcdctl)) {
    return false;
  }
  const said = await runCommand([INSTALLED.etcd, "--version"]);
  return said.stdout.startsWith(`etcd Version: ${version}.`);
}

/** Uses the machine's own etcd when it is of that version; fetches Debian's package into .cache/etcd/ otherwise. */
export async function ensureEtcd(version: EtcdVersion): Promise<EtcdBinaries | Unavailable> {
  if (await isInstalled(version)) {
    return { kind: "available", version, ...INSTALLED };
  }
  const tool = await ensureDebianTool({
    suite: SUITES[version],
    packages: ["etcd-server", "etcd-client"],
    files: ["usr/bin/etcd", "usr/bin/etcdctl"],
    folder: `etcd/${version}`,
  });
  if (tool.kind === "unavailable") {
    return tool;
  }
  const [etcd = "", etcdctl = ""] = tool.paths;
  return { kind: "available", version, etcd, etcdctl };
}

/**
 * The etcd that this node would start, for when none runs: from kubeadm's manifest, systemd's unit, or what the operator
 * configured. It is how a dead etcd's disk, certificates and peers can still be looked at.
 */
import type { HostDoor } from "../host/host-door.ts";
import type { ProcessUser } from "../host/parse-process-user.ts";
import type { EtcdWanted } from "./choose-etcd.ts";
import type { DiscoveredEtcd } from "./discovered-etcd.ts";
import { flattenConfigFile } from "./parse-given-flags.ts";
import type { GivenFlags } from "./parse-given-flags.ts";
import { findManifestUser, findUnitUser } from "./find-start-user.ts";
import { parseManifestFlags } from "./parse-manifest.ts";
import { parseUnitFlags } from "./parse-unit.ts";
import { resolveFlags } from "./resolve-flags.ts";

const MANIFEST = "/etc/kubernetes/manifests/etcd.yaml";
/** What an administrator wrote goes before what a package brought, as systemd has it. */
const UNITS = ["/etc/systemd/system/etcd.service", "/lib/systemd/system/etcd.service"];
/** Where RKE2 and k3s write the configuration of the etcd that they start. */
const RANCHER_CONFIGS = [
  "/var/lib/rancher/rke2/server/db/etcd/config",
  "/var/lib/rancher/k3s/server/db/etcd/config",
];
const MAX_FILE_BYTES = 256 * 1024;

/** Only the data directory is known then, and perhaps the name: no other flag is. */
export const THE_CONFIGURATION = "the configuration";

export interface ConfiguredEtcd {
  readonly etcd: DiscoveredEtcd;
  /** The file that said so, or THE_CONFIGURATION. */
  readonly source: string;
}

/** undefined: nothing on this node says that an etcd belongs here. */
export async function findConfiguredEtcd(
  host: HostDoor,
  wanted: EtcdWanted,
  signal: AbortSignal,
): Promise<ConfiguredEtcd | undefined> {
  const read = async (path: string): Promise<string | undefined> => {
    try {
      return (await host.readSmallFile(path, MAX_FILE_BYTES, signal)).toString("utf8");
    } catch {
      // Not there, or not ours to read: the next place may tell.
      return undefined;
    }
  };
  const { hostname } = host.readNodeInventory();
  const manifest = await read(MANIFEST);
  const fromManifest = manifest === undefined ? undefined : await parseManifestFlags(manifest);
  if (manifest !== undefined && fromManifest !== undefined && fits(fromManifest, wanted)) {
    return describe(fromManifest, MANIFEST, findManifestUser(manifest));
  }
  for (const path of UNITS) {
    const unit = await read(path);
    const flags = unit === undefined ? undefined : await parseUnitFlags(unit, { hostname, read });
    if (unit !== undefined && flags !== undefined && fits(flags, wanted)) {
      return describe(flags, path, await findUnitUser(unit, read));
    }
  }
  for (const path of RANCHER_CONFIGS) {
    const config = await read(path);
    const flags = config === undefined ? undefined : await parseConfig(config);
    if (flags !== undefined && fits(flags, wanted)) {
      return describe(flags, path, undefined);
    }
  }
  const { name, dataDir } = wanted;
  return dataDir === undefined
    ? undefined
    : describe(
        { ...(name === undefined ? {} : { name }), "data-dir": dataDir },
        "the configuration",
        undefined,
      );
}

async function parseConfig(text: string): Promise<GivenFlags | undefined> {
  try {
    const { parse } = await import("yaml");
    const flags = flattenConfigFile(parse(text, { logLevel: "error" }));
    return flags["data-dir"] === undefined ? undefined : flags;
  } catch {
    // Not YAML: not the file that it should be.
    return undefined;
  }
}

function fits(flags: GivenFlags, { name, dataDir }: EtcdWanted): boolean {
  return (
    (name === undefined || flags["name"] === name) && (dataDir === undefined || flags["data-dir"] === dataDir)
  );
}

/** Only what was given is told as its flags: of a process that does not run no default is in force. */
function describe(given: GivenFlags, source: string, user: ProcessUser | undefined): ConfiguredEtcd {
  const flags = resolveFlags(given, "/");
  const all = Object.fromEntries(Object.entries(flags.all).filter(([name]) => name in given));
  const etcd = { pid: undefined, startedAtMs: 0, executable: "", flags: { ...flags, all }, rootPrefix: "" };
  return { etcd: user === undefined ? etcd : { ...etcd, user }, source };
}

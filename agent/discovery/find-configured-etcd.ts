/**
 * The etcd that this node would start, for when none runs: from kubeadm's manifest, systemd's unit, or what the operator
 * configured. It is how a dead etcd's disk, certificates and peers can still be looked at.
 */
import type { HostDoor } from "../host/host-door.ts";
import type { EtcdWanted } from "./choose-etcd.ts";
import type { DiscoveredEtcd } from "./discovered-etcd.ts";
import type { GivenFlags } from "./parse-given-flags.ts";
import { parseManifestFlags } from "./parse-manifest.ts";
import { parseUnitFlags } from "./parse-unit.ts";
import { resolveFlags } from "./resolve-flags.ts";

const MANIFEST = "/etc/kubernetes/manifests/etcd.yaml";
/** What an administrator wrote goes before what a package brought, as systemd has it. */
const UNITS = ["/etc/systemd/system/etcd.service", "/lib/systemd/system/etcd.service"];
const MAX_FILE_BYTES = 256 * 1024;

export interface ConfiguredEtcd {
  readonly etcd: DiscoveredEtcd;
  /** The file that said so, or "the configuration". */
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
  if (fromManifest !== undefined && fits(fromManifest, wanted)) {
    return describe(fromManifest, MANIFEST);
  }
  for (const path of UNITS) {
    const unit = await read(path);
    const flags = unit === undefined ? undefined : await parseUnitFlags(unit, { hostname, read });
    if (flags !== undefined && fits(flags, wanted)) {
      return describe(flags, path);
    }
  }
  const { name, dataDir } = wanted;
  return dataDir === undefined
    ? undefined
    : describe({ ...(name === undefined ? {} : { name }), "data-dir": dataDir }, "the configuration");
}

function fits(flags: GivenFlags, { name, dataDir }: EtcdWanted): boolean {
  return (
    (name === undefined || flags["name"] === name) && (dataDir === undefined || flags["data-dir"] === dataDir)
  );
}

/** Only what was given is told as its flags: of a process that does not run no default is in force. */
function describe(given: GivenFlags, source: string): ConfiguredEtcd {
  const flags = resolveFlags(given, "/");
  const all = Object.fromEntries(Object.entries(flags.all).filter(([name]) => name in given));
  const etcd = { pid: undefined, startedAtMs: 0, executable: "", flags: { ...flags, all }, rootPrefix: "" };
  return { etcd, source };
}

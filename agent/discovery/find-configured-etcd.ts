/**
 * The etcd that this node would start, for when none runs: from kubeadm's manifest, systemd's unit, Docker's or Podman's record of a container, or
 * what the operator configured. It is how a dead etcd's disk, certificates and peers can still be looked at.
 */
import { posix } from "node:path";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { HostDoor } from "../host/host-door.ts";
import type { ProcessUser } from "../host/parse-process-user.ts";
import type { EtcdWanted } from "./choose-etcd.ts";
import type { DiscoveredEtcd } from "./discovered-etcd.ts";
import { listFlagPaths } from "./discovered-etcd.ts";
import { findManifestUser, findUnitUser } from "./find-start-user.ts";
import { flattenConfigFile } from "./parse-given-flags.ts";
import type { GivenFlags } from "./parse-given-flags.ts";
import { listContainerEtcds } from "./list-container-etcds.ts";
import { mapPodPaths, parseManifest } from "./parse-manifest.ts";
import type { PodMount } from "./parse-manifest.ts";
import { parseUnit } from "./parse-unit.ts";
import { readUnitText } from "./read-unit-text.ts";
import { listRancherPlaces } from "./rancher-places.ts";
import { resolveFlags } from "./resolve-flags.ts";
import type { Starter } from "./starter.ts";

const MANIFEST = "/etc/kubernetes/manifests/etcd.yaml";
const MAX_FILE_BYTES = 256 * 1024;

/** Only the data directory is known then, and perhaps the name: no other flag is. */
export const THE_CONFIGURATION = "the configuration";

/** No process has this root: a path that only the container had is nowhere. */
const NO_ROOT = "/proc/0/root";

export interface ConfiguredEtcd {
  readonly etcd: DiscoveredEtcd;
  /** The file that said so, or THE_CONFIGURATION. */
  readonly source: string;
  readonly starter: Starter | undefined;
  /** Why its --config-file could not be read: no other flag is known then. Empty: it could, or there is none. */
  readonly problem: string;
}

export interface EtcdSought extends EtcdWanted {
  /** It is the one with this --config-file, whatever that says now; absent: not known. */
  readonly configFile?: string | undefined;
}

/** How one file says that an etcd is started. */
interface Plan {
  readonly source: string;
  readonly given: GivenFlags;
  /** As etcd sees it. */
  readonly directory: string;
  readonly user: ProcessUser | undefined;
  readonly starter: Starter | undefined;
  /** Of a container; undefined: it sees the host's own files. */
  readonly mounts?: readonly PodMount[];
  readonly sharesNetwork?: boolean;
}

interface Place {
  readonly host: HostDoor;
  readonly hostname: string;
  readonly signal: AbortSignal;
  /** undefined: not there, or not ours to read. */
  readonly read: (path: string) => Promise<string | undefined>;
}

/** undefined: nothing on this node says that an etcd belongs here. Rejects when that could not be looked at in time. */
export async function findConfiguredEtcd(
  host: HostDoor,
  wanted: EtcdSought,
  signal: AbortSignal,
): Promise<ConfiguredEtcd | undefined> {
  const read = async (path: string): Promise<string | undefined> => {
    try {
      return (await host.readSmallFile(path, MAX_FILE_BYTES, signal)).toString("utf8");
    } catch (caught) {
      const error = EtcdscopeError.from(caught);
      if (error.code === "TIMED_OUT" || signal.aborted) {
        throw error;
      }
      // The next place may tell.
      return undefined;
    }
  };
  const place: Place = { host, hostname: host.readNodeInventory().hostname, signal, read };
  for (const find of [planByManifest, planByUnit, planByRancher, planByContainer]) {
    for (const plan of await find(place)) {
      const found = await describe(plan, place);
      if (fits(found, wanted)) {
        return found;
      }
    }
  }
  const { name, dataDir } = wanted;
  return dataDir === undefined
    ? undefined
    : {
        etcd: createEtcd({ ...(name === undefined ? {} : { name }), "data-dir": dataDir }, BY_CONFIGURATION),
        source: THE_CONFIGURATION,
        starter: undefined,
        problem: "",
      };
}

const BY_CONFIGURATION: Plan = {
  source: THE_CONFIGURATION,
  given: {},
  directory: "/",
  user: undefined,
  starter: undefined,
};

async function planByManifest({ read, hostname }: Place): Promise<readonly Plan[]> {
  const text = await read(MANIFEST);
  const pod = text === undefined ? undefined : await parseManifest(text, hostname);
  return text === undefined || pod === undefined
    ? []
    : [{ ...pod, source: MANIFEST, user: findManifestUser(text), starter: { kind: "pod" } }];
}

async function planByUnit(place: Place): Promise<readonly Plan[]> {
  const unit = await readUnitText("etcd.service", place);
  const parsed = unit === undefined ? undefined : await parseUnit(unit.text, place);
  if (unit === undefined || parsed === undefined) {
    return [];
  }
  const { given, directory, errorFile } = parsed;
  const starter: Starter =
    errorFile === undefined ? { kind: "unit", unit: "etcd.service" } : { kind: "file", path: errorFile };
  return [{ source: unit.path, given, directory, user: await findUnitUser(unit.text, place.read), starter }];
}

async function planByRancher({ read }: Place): Promise<readonly Plan[]> {
  for (const { path, starter } of await listRancherPlaces(read)) {
    if ((await read(path)) !== undefined) {
      return [{ source: path, given: { "config-file": path }, directory: "/", user: undefined, starter }];
    }
  }
  return [];
}

/** Of several the one that changed last comes first: it is meant, unless the configuration says otherwise. */
async function planByContainer(place: Place): Promise<readonly Plan[]> {
  return (await listContainerEtcds(place)).map(({ engine, id, path, logPath, ...etcd }) => ({
    ...etcd,
    source: path,
    starter: { kind: "engine", engine, id, logPath },
  }));
}

/** With a --config-file etcd ignores command line and environment altogether. */
async function describe(plan: Plan, place: Place): Promise<ConfiguredEtcd> {
  const { source, starter } = plan;
  const file = plan.given["config-file"] ?? "";
  if (file === "") {
    const etcd = createEtcd(plan.given, plan);
    return { etcd, source, starter: findLogFile(etcd) ?? starter, problem: "" };
  }
  const path = posix.resolve(plan.directory, file);
  const named = { "config-file": path };
  try {
    const given = await readConfigFile(onHost(path, plan), place);
    const etcd = createEtcd({ ...given, ...named }, plan);
    return { etcd, source, starter: findLogFile(etcd) ?? starter, problem: "" };
  } catch (caught) {
    const error = EtcdscopeError.from(caught);
    if (error.code === "TIMED_OUT") {
      throw error;
    }
    return { etcd: createEtcd(named, plan), source, starter, problem: error.message };
  }
}

async function readConfigFile(path: string, { host, signal }: Place): Promise<GivenFlags> {
  const text = (await host.readSmallFile(path, MAX_FILE_BYTES, signal)).toString("utf8");
  const { parse } = await import("yaml");
  try {
    return flattenConfigFile(parse(text, { logLevel: "error" }));
  } catch (cause) {
    throw new EtcdscopeError("PROTOCOL_ERROR", `${path} is no YAML`, { cause });
  }
}

function onHost(path: string, { mounts }: Plan): string {
  return mounts === undefined ? path : (mapPodPaths([path], mounts)[path] ?? `${NO_ROOT}${path}`);
}

/** etcd's own choice goes before that of whoever starts it. What a container writes, only its own log is known of. */
function findLogFile({ flags, rootPrefix }: DiscoveredEtcd): Starter | undefined {
  const outputs = (flags.all["log-outputs"] ?? flags.all["log-output"] ?? "").split(",");
  const path = outputs
    .map((one) => one.trim())
    .find((one) => one.startsWith("/") && !one.startsWith("/dev/"));
  return path === undefined || rootPrefix !== "" ? undefined : { kind: "file", path };
}

function fits({ etcd, problem }: ConfiguredEtcd, wanted: EtcdSought): boolean {
  const { name, dataDir, configFile } = wanted;
  if (problem !== "") {
    const isAny = name === undefined && dataDir === undefined;
    return isAny || (configFile !== undefined && etcd.flags.all["config-file"] === configFile);
  }
  const { flags, hostPaths } = etcd;
  return (
    (name === undefined || flags.name === name) &&
    (dataDir === undefined || [flags.dataDir, hostPaths?.[flags.dataDir]].includes(posix.resolve(dataDir)))
  );
}

/** Only what was given is told as its flags: of a process that does not run no default is in force. */
function createEtcd(given: GivenFlags, plan: Plan): DiscoveredEtcd {
  const resolved = resolveFlags(given, plan.directory);
  const all = Object.fromEntries(Object.entries(resolved.all).filter(([name]) => name in given));
  const flags = { ...resolved, all };
  const { user, mounts, sharesNetwork } = plan;
  return {
    pid: undefined,
    startedAtMs: 0,
    executable: "",
    flags,
    configuredBy: plan.source,
    ...(mounts === undefined
      ? { rootPrefix: "" }
      : {
          rootPrefix: NO_ROOT,
          hostPaths: mapPodPaths([...listFlagPaths(flags), all["config-file"] ?? ""], mounts),
        }),
    ...(user === undefined ? {} : { user }),
    ...(sharesNetwork === undefined ? {} : { sharesNetwork }),
  };
}

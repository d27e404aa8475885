/**
 * What an etcd that does not run would start with, looked at as etcd would: may its user use the directories and files, is its
 * database a database, are its ports free. Runs only while there is no etcd; costs nothing while there is one.
 */
import { create } from "@bufbuild/protobuf";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { posix } from "node:path";
import { EtcdscopeError } from "../../shared/errors.ts";
import { FactSchema, StartFactSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { HeldPortSchema, StartPathSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { DiscoveredEtcd, TlsFiles } from "../discovery/discovered-etcd.ts";
import { findConfiguredEtcd, THE_CONFIGURATION } from "../discovery/find-configured-etcd.ts";
import type { ConfiguredEtcd } from "../discovery/find-configured-etcd.ts";
import { isReachable, pathOnHost } from "../discovery/path-on-host.ts";
import type { FileFacts } from "../host/host-door.ts";
import { parseListenUrl } from "./parse-listen-url.ts";
import { BOLT_FRONT_BYTES, hasBoltMeta } from "./parse-bolt-meta.ts";
import type { Observation, Probe, ProbeContext, ProbeSetup } from "./probe.ts";
import { isDenied, listParents } from "./start-access.ts";
import type { Need } from "./start-access.ts";

type PathInit = MessageInitShape<typeof StartPathSchema>;
type HeldInit = MessageInitShape<typeof HeldPortSchema>;

/** Somebody is putting things right: what is looked at changes while they do. */
const AGAIN_MS = 3000;
/** For so long; an etcd that has been away for longer is looked at with the normal tick. */
const AGAIN_FOR_US = 120_000_000;
const KEY = "start";

interface Asked {
  readonly role: string;
  /** As etcd sees it. */
  readonly path: string;
  readonly need: Need;
  /** etcd makes it where it is not there. */
  readonly isMade?: true;
}

export function createStartProbe({ config }: ProbeSetup): Probe {
  let absentSinceUs: number | undefined;

  async function run(context: ProbeContext): Promise<Observation> {
    if (context.discovered?.pid !== undefined || context.isUndecided === true) {
      absentSinceUs = undefined;
      return { removedFacts: [KEY] };
    }
    const nowUs = context.clock.monotonicUs();
    absentSinceUs ??= nowUs;
    const soon = nowUs - absentSinceUs < AGAIN_FOR_US ? { againMs: AGAIN_MS } : {};
    const next = await findNext(context);
    if (next === undefined) {
      return { removedFacts: [KEY], ...soon };
    }
    const { etcd, source } = next;
    const { flags, user } = etcd;
    const { paths, isEmpty } = await lookAtPaths(next, context);
    const value = create(StartFactSchema, {
      source,
      userKnown: user !== undefined,
      uid: user?.uid ?? 0,
      gid: user?.gids[0] ?? 0,
      paths,
      ...lookAtPorts(next, context),
      isEmpty,
      initialClusterState: flags.all["initial-cluster-state"] ?? "new",
      name: flags.name,
    });
    return { facts: [create(FactSchema, { key: KEY, body: { case: "start", value } })], ...soon };
  }

  /** The unit or manifest of the process that ended goes before what it ran with: it is what will be started. */
  async function findNext({ host, discovered, signal }: ProbeContext): Promise<ConfiguredEtcd | undefined> {
    if (discovered === undefined || discovered.configuredBy !== undefined) {
      return await findConfiguredEtcd(host, config.etcd, signal);
    }
    const { name, dataDir, all } = discovered.flags;
    const found = await findConfiguredEtcd(host, { name, dataDir, configFile: all["config-file"] }, signal);
    if (found === undefined || found.source === THE_CONFIGURATION) {
      return { etcd: discovered, source: "last process", starter: undefined, problem: "" };
    }
    const hostPaths = { ...discovered.hostPaths, ...found.etcd.hostPaths };
    return { ...found, etcd: { ...found.etcd, hostPaths } };
  }

  return { name: "start", cadence: "normal", timeLimitMs: 3000, run };
}

/** Nothing but its configuration file is known to be needed where that cannot be read. */
async function lookAtPaths(
  { etcd, problem }: ConfiguredEtcd,
  context: ProbeContext,
): Promise<{ readonly paths: PathInit[]; readonly isEmpty: boolean }> {
  const place = [etcd, context] as const;
  const configFile = etcd.flags.all["config-file"] ?? "";
  const paths: PathInit[] = [];
  if (posix.isAbsolute(configFile)) {
    paths.push(await look({ role: "config-file", path: configFile, need: "read" }, place));
  }
  if (problem !== "") {
    return { paths, isEmpty: false };
  }
  const path = posix.join(etcd.flags.dataDir, "member");
  const member = await look({ role: "member", path, need: "use" }, place);
  const isEmpty = member.problem === "missing";
  if (!isEmpty) {
    paths.push(member);
  }
  for (const asked of listAsked(etcd, isEmpty)) {
    paths.push(await look(asked, place));
  }
  return { paths, isEmpty };
}

function listAsked({ flags }: DiscoveredEtcd, isEmpty: boolean): readonly Asked[] {
  const database: Asked = {
    role: "db",
    path: posix.join(flags.dataDir, "member", "snap", "db"),
    need: "use",
    isMade: true,
  };
  return [
    { role: "data-dir", path: flags.dataDir, need: "use", isMade: true },
    ...(isEmpty ? [] : [{ role: "wal", path: flags.walDir, need: "use" } as const, database]),
    ...filesOf(flags.clientTls, ""),
    ...filesOf(flags.peerTls, "peer-"),
  ];
}

function filesOf(tls: TlsFiles | undefined, prefix: string): readonly Asked[] {
  const files = [
    ["cert-file", tls?.certFile ?? ""],
    ["key-file", tls?.keyFile ?? ""],
    ["trusted-ca-file", tls?.trustedCaFile ?? ""],
  ] as const;
  return files.flatMap(([flag, path]) =>
    path === "" ? [] : [{ role: `${prefix}${flag}`, path, need: "read" as const }],
  );
}

/** Rejects only when a file system hangs. */
async function look(
  asked: Asked,
  [etcd, context]: readonly [DiscoveredEtcd, ProbeContext],
): Promise<PathInit> {
  const { role, path, need } = asked;
  const told = { role, path };
  if (!isReachable(etcd, path)) {
    return { ...told, problem: "unseen", at: path };
  }
  const hostPath = pathOnHost(etcd, path);
  const mayMake = (above: FileFacts | undefined): boolean =>
    asked.isMade === true &&
    !(etcd.user !== undefined && above !== undefined && isDenied(etcd.user, above, "use"));
  let above: FileFacts | undefined;
  for (const parent of listParents(hostPath)) {
    const facts = await stat(parent, context);
    if (typeof facts === "string") {
      // What etcd makes, it makes with all that is above it.
      return { ...told, problem: facts === "missing" && mayMake(above) ? "" : facts, at: parent };
    }
    if (etcd.user !== undefined && isDenied(etcd.user, facts, "search")) {
      return { ...told, ...describe(facts), problem: "denied", at: parent };
    }
    above = facts;
  }
  const facts = await stat(hostPath, context);
  if (typeof facts === "string") {
    return { ...told, problem: facts === "missing" && mayMake(above) ? "" : facts, at: path };
  }
  if (etcd.user !== undefined && isDenied(etcd.user, facts, need)) {
    return { ...told, ...describe(facts), problem: "denied", at: path };
  }
  if (need === "read" && facts.kind !== "file") {
    return { ...told, ...describe(facts), problem: "not_file", at: path };
  }
  const isDamaged = role === "db" && (await isDatabaseDamaged(hostPath, context));
  return { ...told, ...describe(facts), problem: isDamaged ? "damaged" : "", at: isDamaged ? path : "" };
}

function describe({ uid, gid, mode }: FileFacts): PathInit {
  return { uid, gid, mode };
}

async function stat(path: string, { host, signal }: ProbeContext): Promise<FileFacts | "missing" | "unseen"> {
  try {
    return await host.readDirectoryFacts(path, signal);
  } catch (caught) {
    const error = EtcdscopeError.from(caught);
    if (error.code === "TIMED_OUT") {
      throw error;
    }
    return error.code === "NOT_FOUND" ? "missing" : "unseen";
  }
}

async function isDatabaseDamaged(path: string, { host, signal }: ProbeContext): Promise<boolean> {
  try {
    const front = await host.readFileFront(path, BOLT_FRONT_BYTES, signal);
    // etcd makes an empty file a database.
    return front.length > 0 && !hasBoltMeta(front);
  } catch (caught) {
    const error = EtcdscopeError.from(caught);
    if (error.code === "TIMED_OUT") {
      throw error;
    }
    return false;
  }
}

function lookAtPorts(
  { etcd, source, problem: unread }: ConfiguredEtcd,
  { host }: ProbeContext,
): { readonly heldPorts: HeldInit[]; readonly portsProblem: string } {
  if (source === THE_CONFIGURATION || unread !== "") {
    return { heldPorts: [], portsProblem: "its flags are not known" };
  }
  if (etcd.sharesNetwork === false) {
    return { heldPorts: [], portsProblem: "etcd runs in a network of its own" };
  }
  const { flags } = etcd;
  const wanted = [...flags.listenClientUrls, ...flags.listenPeerUrls, ...flags.listenMetricsUrls].flatMap(
    parseListenUrl,
  );
  const holders = host.findPortHolders(wanted);
  const problem = holders === undefined ? "the list of listening sockets may not be read" : "";
  const heldPorts = (holders ?? []).map(({ host: address, port, pid, name }) => ({
    address: `${address === "" ? "*" : address}:${port}`,
    pid: pid ?? 0,
    process: name,
  }));
  return { heldPorts, portsProblem: problem };
}

/** The place a runbook is rendered for: this cluster's real names, addresses, files and versions, or blanks where unknown. */
import type { FlagsFact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { MemberState } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import type { JudgedCluster, JudgedMember } from "../diagnosis/judged-cluster.ts";
import { findNode } from "../diagnosis/judged-cluster.ts";
import type { NodeView } from "../view/cluster-view.ts";
import { findFact, listFacts } from "../view/node-reading.ts";
import type { Blank } from "./shell.ts";
import { blank } from "./shell.ts";
import type { Supervisor } from "./supervisor.ts";
import { findSupervisor } from "./supervisor.ts";
import { say } from "./step.ts";
import type { Version } from "./version.ts";
import { parseVersion } from "./version.ts";

/** Files that open a TLS connection, as etcd sees them; undefined: the port speaks plain text. */
export interface TlsWords {
  readonly ca: string | Blank;
  readonly cert: string | Blank;
  readonly key: string | Blank;
}

export interface SiteMember {
  /** For sentences. */
  readonly label: string;
  readonly name: string | Blank;
  /** Lower-case hex. */
  readonly memberId: string | Blank;
  /** Machine, for sentences and for where a step is run. */
  readonly node: string;
  readonly state: MemberState;
  readonly isVoter: boolean;
  readonly isLeader: boolean;
  readonly judged: JudgedMember | undefined;
  readonly view: NodeView | undefined;
  readonly clientUrl: string | Blank;
  readonly peerUrl: string | Blank;
  readonly tls: TlsWords | undefined;
  readonly peerTls: TlsWords | undefined;
  readonly dataDir: string | Blank;
  readonly walDir: string | undefined;
  readonly flags: FlagsFact | undefined;
  readonly supervisor: Supervisor;
  readonly version: Version | undefined;
}

export interface Site {
  readonly cluster: string;
  readonly nowMs: number;
  /** The finding that the runbook was asked for. */
  readonly code: string;
  readonly judged: JudgedCluster;
  /** Voters, then learners, then removed ones. */
  readonly members: readonly SiteMember[];
  /** The member it is about; one made of blanks when no member is known. */
  readonly subject: SiteMember;
  /** A member to ask: the leader, else one that serves, else the subject. */
  readonly via: SiteMember;
  /** Of the members, the oldest that is known. */
  readonly version: Version | undefined;
}

export interface SiteRequest {
  readonly code: string;
  /** The member's name; undefined: the one that the cluster's state suggests. */
  readonly member: string | undefined;
}

export function createSite(judged: JudgedCluster, request: SiteRequest): Site {
  const members = judged.members.map((member) => describeMember(judged, member));
  const present = members.filter(({ state }) => state !== "removed");
  const subject =
    members.find(({ name }) => name === request.member) ??
    present.find(({ state }) => state !== "serving") ??
    present[0] ??
    describeNobody(judged);
  const serving = present.filter(({ state }) => state === "serving");
  const via = serving.find(({ isLeader }) => isLeader) ?? serving[0] ?? subject;
  const versions = members.flatMap(({ version }) => (version === undefined ? [] : [version]));
  return {
    cluster: judged.view.cluster,
    nowMs: judged.nowMs,
    code: request.code,
    judged,
    members,
    subject,
    via,
    version: versions.toSorted((one, other) => one.number - other.number)[0],
  };
}

function describeMember(judged: JudgedCluster, member: JudgedMember): SiteMember {
  const view = findNode(judged, member.view.node);
  const flags = view === undefined ? undefined : findFact(view.state, "flags", "flags")?.body;
  const listed = findListed(judged, member);
  const clientUrl = listed?.clientUrls[0] ?? firstOf(flags?.flags["advertise-client-urls"]);
  const peerUrl = listed?.peerUrls[0] ?? firstOf(flags?.flags["initial-advertise-peer-urls"]);
  const label = toLabel(member.name);
  return {
    label,
    name: member.name,
    memberId: member.view.memberId === "" ? memberIdBlank(label) : member.view.memberId,
    node: toLabel(member.view.node ?? member.name),
    state: member.state,
    isVoter: member.isVoter,
    isLeader: member.role === "leader",
    judged: member,
    view,
    clientUrl: isUrl(clientUrl) ? clientUrl : clientUrlBlank(label),
    peerUrl: isUrl(peerUrl) ? peerUrl : peerUrlBlank(label),
    tls: clientUrl?.startsWith("http:") === true ? undefined : readTls(view, flags, ""),
    peerTls: peerUrl?.startsWith("http:") === true ? undefined : readTls(view, flags, "peer-"),
    dataDir: onHost(flags, flags?.dataDir) ?? dataDirBlank(label),
    walDir: onHost(flags, flags?.flags["wal-dir"]),
    flags,
    supervisor: findSupervisor(view, flags),
    version: parseVersion(findVersion(judged, member)),
  };
}

/** Nothing is known, not even a name: the commands can still be read, and refuse to run. */
function describeNobody(judged: JudgedCluster): SiteMember {
  const [view] = judged.view.nodes;
  const label = view === undefined ? "etcd" : toLabel(view.name);
  const flags = view === undefined ? undefined : findFact(view.state, "flags", "flags")?.body;
  return {
    label,
    name: flags !== undefined && flags.name !== "" ? flags.name : memberBlank(label),
    memberId: memberIdBlank(label),
    node: label,
    state: "unknown",
    isVoter: true,
    isLeader: false,
    judged: undefined,
    view,
    clientUrl: clientUrlBlank(label),
    peerUrl: peerUrlBlank(label),
    tls: readTls(view, flags, ""),
    peerTls: readTls(view, flags, "peer-"),
    dataDir: onHost(flags, flags?.dataDir) ?? dataDirBlank(label),
    walDir: onHost(flags, flags?.flags["wal-dir"]),
    flags,
    supervisor: findSupervisor(view, flags),
    version: undefined,
  };
}

/** The member as the list that counts names it, by whichever node holds that list. */
function findListed(
  judged: JudgedCluster,
  { view }: JudgedMember,
): { readonly clientUrls: readonly string[]; readonly peerUrls: readonly string[] } | undefined {
  const lists = judged.view.nodes.map(({ state }) => state.remembered.membership?.list.members ?? []);
  return lists.flat().find(({ id, clientUrls }) => id === view.id && id !== 0n && clientUrls.length > 0);
}

/** As it said of itself last, to anybody. */
function findVersion(judged: JudgedCluster, { name, view }: JudgedMember): string {
  const held = judged.view.nodes.map(
    (node) => findFact(node.state, `status/${name}`, "status")?.body.version,
  );
  return view.statement?.version ?? held.find((version) => version !== undefined) ?? "";
}

function readTls(
  view: NodeView | undefined,
  flags: FlagsFact | undefined,
  prefix: "" | "peer-",
): TlsWords | undefined {
  const role = prefix === "" ? "server" : "peer";
  const all = view === undefined ? [] : listFacts(view.state, "certificate");
  const pathOf = (wanted: string): string | undefined => all.find((one) => one.role === wanted)?.path;
  const flag = (name: string): string | undefined => onHost(flags, flags?.flags[prefix + name]);
  const isPlain = flags !== undefined && !flags.flags[`${prefix}cert-file`] && pathOf(role) === undefined;
  return isPlain
    ? undefined
    : {
        ca:
          onHost(flags, pathOf(`${prefix === "" ? "client" : "peer"}-ca`)) ??
          flag("trusted-ca-file") ??
          CA_BLANK,
        cert: onHost(flags, pathOf(role)) ?? flag("cert-file") ?? CERT_BLANK,
        key: flag("key-file") ?? KEY_BLANK,
      };
}

/** Commands run on the host, where what a container mounts may be at another place. undefined: no path is known. */
function onHost(flags: FlagsFact | undefined, path: string | undefined): string | undefined {
  return absolute(flags?.hostPaths[path ?? ""] ?? path);
}

const CA_BLANK = blank("CA_FILE", say("certificate of etcd's authority", "etcd 的 CA 证书"));
const CERT_BLANK = blank("CERT_FILE", say("a client certificate that etcd accepts", "etcd 接受的客户端证书"));
const KEY_BLANK = blank("KEY_FILE", say("the key of that certificate", "该证书的私钥"));

function memberBlank(label: string): Blank {
  return blank("MEMBER", say(`the etcd name on ${label} (--name)`, `${label} 上 etcd 的名称（--name）`));
}

function memberIdBlank(label: string): Blank {
  return blank(
    "MEMBER_ID",
    say(
      `the member ID of ${label}, from "etcdctl member list"`,
      `${label} 的成员 ID，见 "etcdctl member list"`,
    ),
  );
}

function clientUrlBlank(label: string): Blank {
  return blank(
    "CLIENT_URL",
    say(`a client URL of ${label}, as https://HOST:2379`, `${label} 的客户端 URL，如 https://HOST:2379`),
  );
}

function peerUrlBlank(label: string): Blank {
  return blank(
    "PEER_URL",
    say(`the peer URL of ${label}, as https://HOST:2380`, `${label} 的对等 URL，如 https://HOST:2380`),
  );
}

function dataDirBlank(label: string): Blank {
  return blank(
    "DATA_DIR",
    say(`etcd's data directory on ${label} (--data-dir)`, `${label} 上 etcd 的数据目录（--data-dir）`),
  );
}

/** Everything but the root itself, which no command of ours may ever name as etcd's. */
function absolute(path: string | undefined): string | undefined {
  return path !== undefined && /^\/[^/]/.test(path) && !path.split("/").includes("..") ? path : undefined;
}

function isUrl(text: string | undefined): text is string {
  return text !== undefined && /^https?:\/\/./.test(text);
}

function firstOf(list: string | undefined): string | undefined {
  return list?.split(",")[0]?.trim();
}

/** Fit to be printed in a sentence. */
export function toLabel(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu, "?");
}

/** "m1, m2" / "m1、m2" */
export function nameMembers(members: readonly SiteMember[]): Text {
  const labels = members.map(({ label }) => label);
  return { en: labels.join(", "), zh: labels.join("、") };
}

/**
 * The certificate files that etcd's flags name, and the agent's own: looked at by turns, read when one has changed, or its key
 * or its authorities, and now and then in any case.
 */
import { create, equals } from "@bufbuild/protobuf";

import { EtcdscopeError } from "../../shared/errors.ts";
import { CertificateFactSchema, FactSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Fact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { AgentConfig } from "../config.ts";
import type { DiscoveredEtcd, TlsFiles } from "../discovery/discovered-etcd.ts";
import { isReachable, pathOnHost } from "../discovery/path-on-host.ts";
import type { FileFacts } from "../host/host-door.ts";
import { findExtraCertificates } from "./extra-certificates.ts";
import { chooseCertificate, parseCertificates } from "./parse-certificates.ts";
import type { ParsedCertificate } from "./parse-certificates.ts";
import { readBeside } from "./read-beside-certificate.ts";
import type { Beside, NamedFile } from "./read-beside-certificate.ts";
import type { Observation, Probe, ProbeContext, ProbeSetup } from "./probe.ts";

/** Far above any bundle of authorities that etcd is given. */
const MAX_FILE_BYTES = 1024 * 1024;
/** Whoever writes other bytes of the same length and sets the old time back is seen after so long. */
const READ_AGAIN_US = 600_000_000;

interface WatchedFile {
  readonly role: string;
  /** As etcd sees it. */
  readonly path: string;
  readonly hostPath: string;
  readonly isReachable: boolean;
  /** For a file of authorities, the role of the certificate that one of them should have issued. */
  readonly issuerOf?: string;
  readonly beside?: Beside;
  /** Nobody said that it is a certificate: a file that holds none is nothing to tell of. */
  readonly isGuess?: true;
  readonly moreInFolder?: number;
}

interface ReadFile {
  readonly hostPath: string;
  /** What it and what lies beside it looked like when it was read; empty: that could not be looked at. */
  readonly state: string;
  readonly besideState: string;
  readonly readAtUs: number;
  besideAtUs: number;
  /** undefined: it is no certificate, and nobody said that it is one. */
  readonly fact: Fact | undefined;
  readonly certificate: ParsedCertificate | undefined;
}

export function createCertificateProbe({ config }: ProbeSetup): Probe {
  const read = new Map<string, ReadFile>();
  let turn = 0;
  let lastPid: number | undefined;
  let named: { readonly by: DiscoveredEtcd | undefined; readonly files: readonly WatchedFile[] } | undefined;
  let extras: readonly WatchedFile[] = [];
  let extrasAtUs = Number.NEGATIVE_INFINITY;
  let all: readonly WatchedFile[] = [];
  /** What `all` was made of. */
  let parts: readonly (readonly WatchedFile[])[] = [];

  /** What was discovered is the same object until it is another: what follows from it is not made anew each second. */
  function namedFor({ discovered }: ProbeContext): readonly WatchedFile[] {
    if (named === undefined || named.by !== discovered) {
      named = { by: discovered, files: watchedFiles(discovered, config.tls) };
    }
    return named.files;
  }

  /** What lies beside the files that etcd's flags name: looked for at the slow cadence, and when etcd is another. */
  async function refreshExtras(context: ProbeContext, isOther: boolean): Promise<void> {
    const nowUs = context.clock.monotonicUs();
    if (!isOther && nowUs - extrasAtUs < config.intervals.slowMs * 1000) {
      return;
    }
    extrasAtUs = nowUs;
    const paths = namedFor(context).map(({ path }) => path);
    const found = await findExtraCertificates(context, paths);
    extras = found.map(({ key, authorities, ...file }) => ({
      ...file,
      isReachable: true,
      beside: namedFiles(key, authorities),
    }));
  }

  /** undefined for one that cannot be looked at: it is then read, which says why. */
  async function look(hostPath: string, context: ProbeContext): Promise<FileFacts | undefined> {
    try {
      return await context.host.readFileFacts(hostPath, context.signal);
    } catch (caught) {
      return rethrowIfLate(caught);
    }
  }

  async function refresh(file: WatchedFile, context: ProbeContext): Promise<Fact | undefined> {
    const last = read.get(file.role);
    if (!file.isReachable && last !== undefined) {
      return last.fact;
    }
    const facts = await look(file.hostPath, context);
    const state =
      facts === undefined ? "" : `${stateOf(facts)} ${issuerFor(file)} ${file.moreInFolder ?? ""}`;
    const nowUs = context.clock.monotonicUs();
    const slowUs = config.intervals.slowMs * 1000;
    const isSame = last?.hostPath === file.hostPath && last.state === state;
    if (isSame && nowUs - last.besideAtUs < slowUs) {
      return last.fact;
    }
    const besideState = await lookBeside(file, context);
    const isAllSeen = state !== "" && besideState !== "";
    if (isSame && isAllSeen && last.besideState === besideState && nowUs - last.readAtUs < READ_AGAIN_US) {
      last.besideAtUs = nowUs;
      return last.fact;
    }
    const { fact, certificate } = await readCertificate(file, facts, context);
    const isEqual = last?.fact !== undefined && fact !== undefined && equals(FactSchema, last.fact, fact);
    const kept = isEqual ? last.fact : fact;
    const { hostPath } = file;
    const seen = { hostPath, state, besideState, readAtUs: nowUs, besideAtUs: nowUs };
    read.set(file.role, { ...seen, fact: kept, certificate });
    return kept;
  }

  /** Whose issuer decides which of several authorities is told. */
  function issuerFor({ issuerOf }: WatchedFile): string {
    return issuerOf === undefined ? "" : (read.get(issuerOf)?.certificate?.issuer ?? "");
  }

  /** Empty when one of them cannot be looked at. */
  async function lookBeside({ beside }: WatchedFile, context: ProbeContext): Promise<string> {
    const states = ["beside"];
    for (const file of [beside?.key, beside?.authorities]) {
      const facts = file === undefined ? undefined : await look(file.hostPath, context);
      if (file !== undefined && facts === undefined) {
        return "";
      }
      states.push(facts === undefined ? "" : stateOf(facts));
    }
    return states.join(" ");
  }

  async function readCertificate(
    file: WatchedFile,
    facts: FileFacts | undefined,
    context: ProbeContext,
  ): Promise<{ fact: Fact | undefined; certificate: ParsedCertificate | undefined }> {
    const { role, path, moreInFolder = 0 } = file;
    try {
      const bytes = await context.host.readSmallFile(file.hostPath, MAX_FILE_BYTES, context.signal);
      const issuer = file.issuerOf === undefined ? undefined : issuerFor(file);
      const pem = bytes.toString("latin1");
      const certificate = chooseCertificate(parseCertificates(pem), issuer);
      const beside = file.beside === undefined ? {} : await readBeside(pem, file.beside, context);
      const modifiedAtUnixMs = BigInt(Math.round(facts?.modifiedAtMs ?? 0));
      const owner = facts === undefined ? {} : { ownerUid: facts.uid, ownerGid: facts.gid };
      const rest = { path, ...certificate, modifiedAtUnixMs, ...owner, ...beside, moreInFolder };
      const fact = createFact(role, rest);
      return { fact, certificate };
    } catch (caught) {
      rethrowIfLate(caught);
      const { message: problem, reason } = EtcdscopeError.from(caught);
      if (file.isGuess === true && reason === "not_a_certificate") {
        return { fact: undefined, certificate: undefined };
      }
      return { fact: createFact(role, { path, problem, moreInFolder }), certificate: undefined };
    }
  }

  /** Makes the list anew where a part of it is another, and forgets what was read of files that are gone from it: their roles. */
  function settleFiles(files: readonly WatchedFile[]): string[] {
    if (parts[0] === files && parts[1] === extras) {
      return [];
    }
    parts = [files, extras];
    all = [...files, ...extras];
    const gone = [...read.keys()].filter((role) => !all.some((file) => file.role === role));
    for (const role of gone) {
      read.delete(role);
    }
    return gone;
  }

  async function run(context: ProbeContext): Promise<Observation> {
    const isOther = context.discovered?.pid !== lastPid;
    await refreshExtras(context, isOther);
    const gone = settleFiles(namedFor(context));
    // One file a run is looked at again: a change is seen within as many seconds as there are files, for the cost of one.
    turn = (turn + 1) % all.length;
    // etcd may have ended because of one of them, or started with new ones: then all are.
    lastPid = context.discovered?.pid;
    const facts: Fact[] = [];
    for (const [index, file] of all.entries()) {
      const known = read.get(file.role);
      const isKnown = known?.hostPath === file.hostPath && index !== turn && !isOther;
      const fact = isKnown ? known.fact : await refresh(file, context);
      if (fact !== undefined) {
        facts.push(fact);
      } else if (known?.fact !== undefined) {
        gone.push(file.role);
      }
    }
    return { facts, removedFacts: gone.map(factKey) };
  }

  return { name: "certificate", cadence: "fast", timeLimitMs: 1000, run };
}

/** Certificates before the authorities that issued them: the choice among those depends on it. */
function watchedFiles(
  discovered: DiscoveredEtcd | undefined,
  tls: AgentConfig["tls"],
): readonly WatchedFile[] {
  const own = (path: string): NamedFile | undefined => (path === "" ? undefined : { path, hostPath: path });
  const agent = {
    role: "agent",
    path: tls.cert,
    hostPath: tls.cert,
    isReachable: true,
    beside: namedFiles(own(tls.key), own(tls.ca)),
  };
  if (discovered === undefined) {
    return [agent];
  }
  const { clientTls, peerTls } = discovered.flags;
  const named = [
    { role: "server", path: clientTls?.certFile, beside: listBeside(discovered, clientTls) },
    { role: "peer", path: peerTls?.certFile, beside: listBeside(discovered, peerTls) },
    { role: "client", path: clientTls?.client?.certFile, beside: listClientBeside(discovered, clientTls) },
    { role: "peer-client", path: peerTls?.client?.certFile, beside: listClientBeside(discovered, peerTls) },
    { role: "client-ca", path: clientTls?.trustedCaFile, issuerOf: "server" },
    { role: "peer-ca", path: peerTls?.trustedCaFile, issuerOf: "peer" },
  ];
  const files = named.flatMap(({ path, ...file }) =>
    path === undefined || path === ""
      ? []
      : [
          {
            ...file,
            path,
            hostPath: pathOnHost(discovered, path),
            isReachable: isReachable(discovered, path),
          },
        ],
  );
  return [...files, agent];
}

/** Authorities only where etcd is given some: without them it trusts the machine's, or nobody asks. */
function listBeside(discovered: DiscoveredEtcd, tls: TlsFiles | undefined): Beside {
  const name = (path: string | undefined): NamedFile | undefined =>
    path === undefined || path === "" || !isReachable(discovered, path)
      ? undefined
      : { path, hostPath: pathOnHost(discovered, path) };
  return namedFiles(name(tls?.keyFile), name(tls?.trustedCaFile));
}

/** What etcd shows as a client must be of the same authorities: it meets itself, or the other members. */
function listClientBeside(discovered: DiscoveredEtcd, tls: TlsFiles | undefined): Beside {
  return listBeside(discovered, tls === undefined ? undefined : { ...tls, ...tls.client });
}

function namedFiles(key: NamedFile | undefined, authorities: NamedFile | undefined): Beside {
  return { ...(key === undefined ? {} : { key }), ...(authorities === undefined ? {} : { authorities }) };
}

/** Changes with what the fact tells of a file: its bytes, its owner and who may read it. */
function stateOf({ inode, modifiedAtMs, sizeBytes, mode, uid, gid }: FileFacts): string {
  return `${inode}:${modifiedAtMs}:${sizeBytes}:${mode}:${uid}:${gid}`;
}

/** A file system that hangs says nothing about a certificate. */
function rethrowIfLate(caught: unknown): undefined {
  const error = EtcdscopeError.from(caught);
  if (error.code === "TIMED_OUT") {
    throw error;
  }
  return undefined;
}

function factKey(role: string): string {
  return `certificate/${role}`;
}

function createFact(role: string, rest: object): Fact {
  const value = create(CertificateFactSchema, { role, ...rest });
  return create(FactSchema, { key: factKey(role), body: { case: "certificate", value } });
}

/**
 * Certificates of this node beside the ones that etcd's own flags name: the API server's client certificate for etcd, and what
 * else lies in etcd's folder of certificates. Looked for once a minute; certificate.ts reads them as it does the others.
 */
import { posix } from "node:path";
import { EtcdscopeError } from "../../shared/errors.ts";
import { parseArguments } from "../discovery/parse-given-flags.ts";
import type { GivenFlags } from "../discovery/parse-given-flags.ts";
import type { DiscoveredEtcd } from "../discovery/discovered-etcd.ts";
import { isReachable, pathOnHost } from "../discovery/path-on-host.ts";
import { isLoopback, parseAddress } from "../etcd/address.ts";
import type { HostDoor } from "../host/host-door.ts";
import type { ProbeContext } from "./probe.ts";
import type { NamedFile } from "./read-beside-certificate.ts";

export interface ExtraCertificate {
  readonly role: string;
  readonly path: string;
  readonly hostPath: string;
  readonly key?: NamedFile;
  /** Those that must have issued it, where somebody is known who asks. */
  readonly authorities?: NamedFile;
  /** Nobody said that it is a certificate: a file that holds none is nothing to tell of. */
  readonly isGuess?: true;
  /** At the last one of a folder: how many more of it lie there and are not looked at. */
  readonly moreInFolder?: number;
}

/** Where kubeadm puts it, for a node whose API server does not run. */
const API_SERVER_CLIENT = "/etc/kubernetes/pki/apiserver-etcd-client.crt";
const KUBEADM_FOLDER = "/etc/kubernetes/pki/";
/** kubeadm's folder holds three, kubespray's three for each node of the cluster. One is looked at again each second. */
export const MAX_IN_FOLDER = 24;

const CERTIFICATE_NAME = /\.(?:crt|cert|cer|pem)$/;
/** kubespray and cfssl: m1-key.pem. */
const KEY_NAME = /(?:^|[-_.])key\.[a-z]+$/;

export async function findExtraCertificates(
  context: ProbeContext,
  named: readonly string[],
): Promise<readonly ExtraCertificate[]> {
  const apiServer = await findApiServerClient(context);
  const folder = await listFolder(context, [...named, ...(apiServer === undefined ? [] : [apiServer.path])]);
  return [...(apiServer === undefined ? [] : [apiServer]), ...folder];
}

async function findApiServerClient({
  host,
  signal,
  discovered,
}: ProbeContext): Promise<ExtraCertificate | undefined> {
  const role = "apiserver-etcd-client";
  const authorities = discovered === undefined ? undefined : findClientAuthorities(discovered);
  const running = findApiServer(host);
  if (running !== undefined) {
    const { flags, ...files } = running;
    const isAsked = authorities !== undefined && discovered !== undefined && isClientOf(flags, discovered);
    return { role, ...files, ...(isAsked ? { authorities } : {}) };
  }
  try {
    await host.readFileFacts(API_SERVER_CLIENT, signal);
  } catch (caught) {
    rethrowIfLate(caught);
    return undefined;
  }
  const keyPath = API_SERVER_CLIENT.replace(/crt$/, "key");
  // Both of kubeadm's making: the one is for the other.
  const isAsked = authorities?.path.startsWith(KUBEADM_FOLDER) === true;
  return {
    role,
    path: API_SERVER_CLIENT,
    hostPath: API_SERVER_CLIENT,
    key: { path: keyPath, hostPath: keyPath },
    ...(isAsked ? { authorities } : {}),
  };
}

/** With a file of authorities etcd asks every client for a certificate of theirs, whatever --client-cert-auth says. */
function findClientAuthorities(discovered: DiscoveredEtcd): NamedFile | undefined {
  const path = discovered.flags.clientTls?.trustedCaFile ?? "";
  return path === "" || !isReachable(discovered, path)
    ? undefined
    : { path, hostPath: pathOnHost(discovered, path) };
}

/** Whether the API server dials the etcd of this node: with an etcd elsewhere, others decide whom they believe. */
export function isClientOf(apiServerFlags: GivenFlags, { flags }: DiscoveredEtcd): boolean {
  const addresses = (urls: readonly string[]): readonly NonNullable<ReturnType<typeof parseAddress>>[] =>
    urls.flatMap((url) => parseAddress(url) ?? []);
  const listening = addresses(flags.listenClientUrls);
  const own = [...listening, ...addresses(flags.advertiseClientUrls)];
  return addresses((apiServerFlags["etcd-servers"] ?? "").split(",")).some(({ host, port }) =>
    isLoopback(host)
      ? listening.some((one) => one.port === port)
      : own.some((one) => one.host === host && one.port === port),
  );
}

/** By the flags of the process; its paths are seen through its own view of the file system. */
function findApiServer(
  host: HostDoor,
): (Omit<ExtraCertificate, "role"> & { readonly flags: GivenFlags }) | undefined {
  for (const pid of host.listProcessIds()) {
    if (host.findProcessName(pid) !== "kube-apiserver") {
      continue;
    }
    const flags = parseArguments(host.findProcessArguments(pid)?.slice(1) ?? []);
    const path = flags["etcd-certfile"];
    if (path !== undefined) {
      const prefix = host.sharesMounts(pid) === false ? `${host.procRoot}/${pid}/root` : "";
      const key = flags["etcd-keyfile"];
      return {
        flags,
        path,
        hostPath: `${prefix}${path}`,
        ...(key === undefined ? {} : { key: { path: key, hostPath: `${prefix}${key}` } }),
      };
    }
  }
  return undefined;
}

async function listFolder(
  context: ProbeContext,
  known: readonly string[],
): Promise<readonly ExtraCertificate[]> {
  const { discovered, host, signal } = context;
  const server = discovered?.flags.clientTls?.certFile ?? discovered?.flags.peerTls?.certFile;
  if (discovered === undefined || server === undefined) {
    return [];
  }
  const folder = posix.dirname(server);
  // The file itself may be mapped to the host's path; its folder then is beside it.
  const onHost = posix.dirname(pathOnHost(discovered, server));
  try {
    const names = new Set(await host.listFileNames(onHost, signal));
    const all = chooseCertificateNames([...names]).filter(
      (name) => !known.includes(posix.join(folder, name)),
    );
    const chosen = all.slice(0, MAX_IN_FOLDER);
    return chosen.map((name, index) => {
      const key = findKeyName(name, names);
      const more = index === chosen.length - 1 ? all.length - chosen.length : 0;
      return {
        role: `folder/${name.endsWith(".crt") ? name.slice(0, -".crt".length) : name}`,
        path: posix.join(folder, name),
        hostPath: posix.join(onHost, name),
        isGuess: true,
        ...(key === undefined
          ? {}
          : { key: { path: posix.join(folder, key), hostPath: posix.join(onHost, key) } }),
        ...(more === 0 ? {} : { moreInFolder: more }),
      };
    });
  } catch (caught) {
    rethrowIfLate(caught);
    return [];
  }
}

/** Those of a folder that are named as certificates are, and not as keys; sorted. */
export function chooseCertificateNames(names: readonly string[]): readonly string[] {
  return names.filter((name) => CERTIFICATE_NAME.test(name) && !KEY_NAME.test(name)).sort();
}

/** a.crt → a.key, a.pem → a-key.pem or a.key: the one that is there. */
export function findKeyName(name: string, names: ReadonlySet<string>): string | undefined {
  const base = name.replace(CERTIFICATE_NAME, "");
  return [`${base}.key`, `${base}-key.pem`, `${base}.key.pem`].find((key) => names.has(key));
}

/** A file system that hangs says nothing about what lies there. */
function rethrowIfLate(caught: unknown): void {
  const error = EtcdscopeError.from(caught);
  if (error.code === "TIMED_OUT") {
    throw error;
  }
}

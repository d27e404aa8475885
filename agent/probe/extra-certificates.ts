/**
 * Certificates of this node beside the ones that etcd's own flags name: the API server's client certificate for etcd, and what
 * else lies in etcd's folder of certificates. Looked for once a minute; certificate.ts reads them as it does the others.
 */
import { posix } from "node:path";
import { EtcdscopeError } from "../../shared/errors.ts";
import { parseArguments } from "../discovery/parse-given-flags.ts";
import { pathOnHost } from "../discovery/path-on-host.ts";
import type { HostDoor } from "../host/host-door.ts";
import type { ProbeContext } from "./probe.ts";

export interface ExtraCertificate {
  readonly role: string;
  readonly path: string;
  readonly hostPath: string;
  readonly keyPath: string | undefined;
}

/** Where kubeadm puts it, for a node whose API server does not run. */
const API_SERVER_CLIENT = "/etc/kubernetes/pki/apiserver-etcd-client.crt";
/** More than any folder of certificates should hold. */
const MAX_IN_FOLDER = 12;

export async function findExtraCertificates(
  context: ProbeContext,
  named: readonly string[],
): Promise<readonly ExtraCertificate[]> {
  const apiServer = await findApiServerClient(context);
  const folder = await listFolder(context, [...named, ...(apiServer === undefined ? [] : [apiServer.path])]);
  return [...(apiServer === undefined ? [] : [apiServer]), ...folder];
}

async function findApiServerClient({ host, signal }: ProbeContext): Promise<ExtraCertificate | undefined> {
  const role = "apiserver-etcd-client";
  const running = findApiServer(host);
  if (running !== undefined) {
    return { role, ...running };
  }
  try {
    await host.readFileFacts(API_SERVER_CLIENT, signal);
  } catch (caught) {
    rethrowIfLate(caught);
    return undefined;
  }
  const keyPath = API_SERVER_CLIENT.replace(/crt$/, "key");
  return { role, path: API_SERVER_CLIENT, hostPath: API_SERVER_CLIENT, keyPath };
}

/** By the flags of the process; its paths are seen through its own view of the file system. */
function findApiServer(host: HostDoor): Omit<ExtraCertificate, "role"> | undefined {
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
        path,
        hostPath: `${prefix}${path}`,
        keyPath: key === undefined ? undefined : `${prefix}${key}`,
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
    const names = await host.listFileNames(onHost, signal);
    return names
      .filter((name) => name.endsWith(".crt") && !known.includes(posix.join(folder, name)))
      .sort()
      .slice(0, MAX_IN_FOLDER)
      .map((name) => ({
        role: `folder/${name.slice(0, -".crt".length)}`,
        path: posix.join(folder, name),
        hostPath: posix.join(onHost, name),
        keyPath: undefined,
      }));
  } catch (caught) {
    rethrowIfLate(caught);
    return [];
  }
}

/** A file system that hangs says nothing about what lies there. */
function rethrowIfLate(caught: unknown): void {
  const error = EtcdscopeError.from(caught);
  if (error.code === "TIMED_OUT") {
    throw error;
  }
}

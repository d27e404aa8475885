/** The etcd that an agent watches, as discovery found it: plain data that probes read. */
import type { ProcessUser } from "../host/parse-process-user.ts";

export interface TlsFiles {
  readonly certFile: string;
  /** What etcd shows where it is the client itself; absent: the same as where it is the server. From etcd 3.5 on. */
  readonly client?: { readonly certFile: string; readonly keyFile: string };
  readonly keyFile: string;
  readonly trustedCaFile: string;
  readonly clientCertAuth: boolean;
}

/** etcd's configuration in force: what was given, defaults filled in. Paths are as etcd sees them. */
export interface EtcdFlags {
  /** Every flag in force by its name without dashes, secrets redacted. */
  readonly all: Readonly<Record<string, string>>;
  /** Names in `all` that were given, not defaulted. */
  readonly given: readonly string[];
  readonly name: string;
  readonly dataDir: string;
  readonly walDir: string;
  readonly listenClientUrls: readonly string[];
  readonly advertiseClientUrls: readonly string[];
  readonly listenPeerUrls: readonly string[];
  readonly advertisePeerUrls: readonly string[];
  readonly listenMetricsUrls: readonly string[];
  /** undefined: that port speaks plain text. */
  readonly clientTls: TlsFiles | undefined;
  readonly peerTls: TlsFiles | undefined;
  readonly heartbeatIntervalMs: number;
  readonly electionTimeoutMs: number;
  /** 0 in the flags means etcd's default of 2 GiB; here the quota in force. */
  readonly quotaBackendBytes: bigint;
}

export interface DiscoveredEtcd {
  /** Process id, or undefined when it is gone (the rest is then what it last was). */
  readonly pid: number | undefined;
  readonly startedAtMs: number;
  readonly executable: string;
  readonly flags: EtcdFlags;
  /** Prefix for paths of etcd's own view of the file system: "" on the host's, "/proc/PID/root" in a container's. */
  readonly rootPrefix: string;
  /**
   * Paths of a container's view that are mounts of the host, by the host's own path: they outlive the process.
   * Read through pathOnHost.
   */
  readonly hostPaths?: Readonly<Record<string, string>>;
  /** Whom the kernel takes it for when it opens files; absent where that is not known. */
  readonly user?: ProcessUser;
  /** False: it listens in a network namespace of its own. Absent: not known. */
  readonly sharesNetwork?: boolean;
  /** No process has shown it: the file, or the configuration, by which it would be started. Absent: one has. */
  readonly configuredBy?: string;
}

/** Directories and files that its flags name, as etcd sees them. */
export function listFlagPaths(flags: EtcdFlags): readonly string[] {
  return [flags.dataDir, flags.walDir, ...[flags.clientTls, flags.peerTls].flatMap(listTlsPaths)];
}

function listTlsPaths(tls: TlsFiles | undefined): readonly string[] {
  return tls === undefined
    ? []
    : [
        tls.certFile,
        tls.keyFile,
        tls.trustedCaFile,
        tls.client?.certFile ?? "",
        tls.client?.keyFile ?? "",
      ].filter((path) => path !== "");
}

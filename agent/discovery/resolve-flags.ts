/** Flags as given → etcd's configuration in force: defaults filled in, paths made absolute, secrets out. Pure. */
import { posix } from "node:path";

import type { EtcdFlags, TlsFiles } from "./discovered-etcd.ts";
import { COMMON_DEFAULTS } from "./etcd-flag-defaults.ts";
import type { GivenFlags } from "./parse-given-flags.ts";
import { redactFlags } from "./redact-flags.ts";

/** etcd's own default when the flag is 0 or absent. */
const DEFAULT_QUOTA_BYTES = 2n * 1024n ** 3n;

/** `directory` is the working directory of the process, as it sees it. */
export function resolveFlags(given: GivenFlags, directory: string): EtcdFlags {
  const flags: Record<string, string> = { ...COMMON_DEFAULTS, ...given };
  const at = (name: string): string => flags[name] ?? "";
  const path = (name: string): string => (at(name) === "" ? "" : posix.resolve(directory, at(name)));
  const name = at("name");
  flags["data-dir"] ??= `${name}.etcd`;
  const dataDir = path("data-dir");

  function tls(prefix: "" | "peer-", generated: string): TlsFiles | undefined {
    const shared = {
      trustedCaFile: path(`${prefix}trusted-ca-file`),
      clientCertAuth: isTrue(at(`${prefix}client-cert-auth`)),
      ...(at(`${prefix}client-cert-file`) === ""
        ? {}
        : {
            client: {
              certFile: path(`${prefix}client-cert-file`),
              keyFile: path(`${prefix}client-key-file`),
            },
          }),
    };
    if (at(`${prefix}cert-file`) !== "") {
      return { certFile: path(`${prefix}cert-file`), keyFile: path(`${prefix}key-file`), ...shared };
    }
    if (isTrue(at(`${prefix}auto-tls`))) {
      const fixtures = posix.join(dataDir, "fixtures", generated);
      return { certFile: `${fixtures}/cert.pem`, keyFile: `${fixtures}/key.pem`, ...shared };
    }
    return undefined;
  }

  return {
    all: redactFlags(flags),
    given: Object.keys(given).sort(),
    name,
    dataDir,
    walDir: path("wal-dir") || posix.join(dataDir, "member", "wal"),
    listenClientUrls: splitList(at("listen-client-urls")),
    advertiseClientUrls: splitList(at("advertise-client-urls")),
    listenPeerUrls: splitList(at("listen-peer-urls")),
    advertisePeerUrls: splitList(at("initial-advertise-peer-urls")),
    listenMetricsUrls: splitList(at("listen-metrics-urls")),
    clientTls: tls("", "client"),
    peerTls: tls("peer-", "peer"),
    heartbeatIntervalMs: parseCount(at("heartbeat-interval"), 100),
    electionTimeoutMs: parseCount(at("election-timeout"), 1000),
    quotaBackendBytes: parseQuota(at("quota-backend-bytes")),
  };
}

function isTrue(value: string): boolean {
  return ["true", "t", "1"].includes(value.toLowerCase());
}

function splitList(value: string): readonly string[] {
  return value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function parseCount(value: string, otherwise: number): number {
  const count = Number(value);
  return value !== "" && Number.isFinite(count) ? count : otherwise;
}

/** A negative quota switches the check off in etcd, at its largest size of a database; it is kept as it is. */
function parseQuota(value: string): bigint {
  const bytes = /^-?\d+$/.test(value) ? BigInt(value) : 0n;
  return bytes === 0n ? DEFAULT_QUOTA_BYTES : bytes;
}

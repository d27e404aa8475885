import { describe, expect, it } from "vitest";

import { resolveFlags } from "../../../agent/discovery/resolve-flags.ts";
import { REDACTED } from "../../../agent/discovery/redact-flags.ts";

describe("agent/discovery/resolve-flags", () => {
  it("fills in etcd's defaults and resolves directories against the process's own", () => {
    expect(resolveFlags({}, "/srv")).toMatchObject({
      name: "default",
      dataDir: "/srv/default.etcd",
      walDir: "/srv/default.etcd/member/wal",
      listenClientUrls: ["http://localhost:2379"],
      clientTls: undefined,
      peerTls: undefined,
      heartbeatIntervalMs: 100,
      electionTimeoutMs: 1000,
      quotaBackendBytes: 2147483648n,
      given: [],
    });
    expect(resolveFlags({ name: "m1" }, "/srv").dataDir).toBe("/srv/m1.etcd");
    expect(resolveFlags({ "data-dir": "d", "wal-dir": "../wal" }, "/srv/etcd")).toMatchObject({
      dataDir: "/srv/etcd/d",
      walDir: "/srv/wal",
    });
  });

  it("takes TLS files by their flags, and generated ones for auto-tls", () => {
    const given = {
      "data-dir": "/d",
      "cert-file": "tls/server.crt",
      "key-file": "/k",
      "trusted-ca-file": "/ca",
      "client-cert-auth": "true",
      "peer-auto-tls": "true",
    };
    expect(resolveFlags(given, "/etc")).toMatchObject({
      clientTls: {
        certFile: "/etc/tls/server.crt",
        keyFile: "/k",
        trustedCaFile: "/ca",
        clientCertAuth: true,
      },
      peerTls: { certFile: "/d/fixtures/peer/cert.pem", trustedCaFile: "", clientCertAuth: false },
    });
  });

  it("gives the quota in force", () => {
    const f = (given: string, want: bigint): void => {
      expect(resolveFlags({ "quota-backend-bytes": given }, "/").quotaBackendBytes).toBe(want);
    };
    f("0", 2147483648n);
    f("8589934592", 8589934592n);
    f("-1", -1n);
    f("nonsense", 2147483648n);
  });

  it("keeps secrets to itself", () => {
    const { all } = resolveFlags(
      {
        "auth-token": "jwt,pub-key=/p,priv-key=/k,sign-method=RS256",
        "some-password": "hunter2",
        "initial-cluster-token": "prod",
        "discovery-proxy": "http://user:pass@proxy:8080",
        discovery: "https://discovery.etcd.io/3e86b59982e49066c5d813af1c2e2579cbf573de",
        "peer-key-file": "/k",
        "initial-cluster": "m1=http://u:p@a:1,m2=http://b:1",
      },
      "/",
    );
    expect(all).toMatchObject({
      "auth-token": "jwt",
      "some-password": REDACTED,
      "initial-cluster-token": "prod",
      "discovery-proxy": `http://${REDACTED}@proxy:8080`,
      discovery: REDACTED,
      "peer-key-file": "/k",
      "initial-cluster": `m1=http://${REDACTED}@a:1,m2=http://b:1`,
    });
  });
});

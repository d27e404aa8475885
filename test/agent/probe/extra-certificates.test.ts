import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DiscoveredEtcd } from "../../../agent/discovery/discovered-etcd.ts";
import type { HostDoor } from "../../../agent/host/host-door.ts";
import {
  chooseCertificateNames,
  findExtraCertificates,
  findKeyName,
  isClientOf,
  MAX_IN_FOLDER,
} from "../../../agent/probe/extra-certificates.ts";
import { discoveredEtcd, probeContext } from "./probe-context.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "extra-certificates-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function put(...names: readonly string[]): void {
  for (const name of names) {
    writeFileSync(join(folder, name), "");
  }
}

function discovered(given: Readonly<Record<string, string>> = {}): DiscoveredEtcd {
  return discoveredEtcd({
    "cert-file": join(folder, "server.crt"),
    "key-file": join(folder, "server.key"),
    "trusted-ca-file": join(folder, "ca.crt"),
    "listen-client-urls": "https://10.0.0.1:2379,https://127.0.0.1:2379",
    "advertise-client-urls": "https://10.0.0.1:2379",
    ...given,
  });
}

const NO_PROCESS: Partial<HostDoor> = { listProcessIds: () => [] };

/** A machine on which nothing but the API server runs, with these flags. */
function apiServer(flags: Readonly<Record<string, string>>): Partial<HostDoor> {
  const words = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  return {
    listProcessIds: () => [812],
    findProcessName: () => "kube-apiserver",
    findProcessArguments: () => ["kube-apiserver", ...words],
    sharesMounts: () => true,
  };
}

describe("agent/probe/extra-certificates", () => {
  it("takes what is named as a certificate, and no keys", () => {
    // As kubespray names them (/etc/ssl/etcd/ssl), cfssl, kubeadm.
    const names = [
      "admin-m1-key.pem",
      "admin-m1.pem",
      "ca-key.pem",
      "ca.pem",
      "key.pem",
      "m1.key.pem",
      "healthcheck-client.crt",
      "healthcheck-client.key",
      "request.csr",
      "monkey.pem",
      "openssl.conf",
    ];
    expect(chooseCertificateNames(names)).toEqual([
      "admin-m1.pem",
      "ca.pem",
      "healthcheck-client.crt",
      "monkey.pem",
    ]);
  });

  it("knows the key of a certificate by its name", () => {
    function f(name: string, others: readonly string[], want: string | undefined): void {
      expect(findKeyName(name, new Set(others)), name).toBe(want);
    }
    f("healthcheck-client.crt", ["healthcheck-client.key", "server.key"], "healthcheck-client.key");
    f("admin-m1.pem", ["admin-m1-key.pem"], "admin-m1-key.pem");
    f("m1.pem", ["m1.key"], "m1.key");
    f("m1.pem", ["m1.key.pem"], "m1.key.pem");
    f("m1.pem", ["m2-key.pem"], undefined);
  });

  it("finds what lies beside the named ones, with the keys, and leaves those out", async () => {
    put("server.crt", "server.key", "ca.crt", "ca.key", "healthcheck-client.crt", "healthcheck-client.key");
    put("node-m1.pem", "node-m1-key.pem");
    const named = ["server.crt", "ca.crt"].map((name) => join(folder, name));
    const context = probeContext({ discovered: discovered(), host: NO_PROCESS });
    const found = await findExtraCertificates(context, named);
    expect(found.map(({ role, path, key }) => [role, path, key?.path])).toEqual([
      [
        "folder/healthcheck-client",
        join(folder, "healthcheck-client.crt"),
        join(folder, "healthcheck-client.key"),
      ],
      ["folder/node-m1.pem", join(folder, "node-m1.pem"), join(folder, "node-m1-key.pem")],
    ]);
  });

  it("says at the last one how many more there are", async () => {
    mkdirSync(folder, { recursive: true });
    const count = MAX_IN_FOLDER + 7;
    put(...Array.from({ length: count }, (_, index) => `node-${String(index).padStart(3, "0")}.pem`));
    const context = probeContext({ discovered: discovered(), host: NO_PROCESS });
    const found = await findExtraCertificates(context, []);
    expect(found).toHaveLength(MAX_IN_FOLDER);
    expect(found.map(({ moreInFolder = 0 }) => moreInFolder)).toEqual([
      ...Array.from({ length: MAX_IN_FOLDER - 1 }, () => 0),
      7,
    ]);
  });

  it("holds the API server's certificate against etcd's authorities where it dials this etcd", async () => {
    const flags = {
      "etcd-certfile": "/pki/apiserver-etcd-client.crt",
      "etcd-keyfile": "/pki/apiserver-etcd-client.key",
    };
    async function f(servers: string, want: string | undefined): Promise<void> {
      const host = apiServer({ ...flags, "etcd-servers": servers });
      const [found] = await findExtraCertificates(probeContext({ discovered: discovered(), host }), []);
      expect(found).toMatchObject({ role: "apiserver-etcd-client", key: { path: flags["etcd-keyfile"] } });
      expect(found?.authorities?.path, servers).toBe(want);
    }
    await f("https://127.0.0.1:2379", join(folder, "ca.crt"));
    await f("https://10.0.0.9:2379,https://10.0.0.1:2379", join(folder, "ca.crt"));
    await f("https://10.0.0.9:2379", undefined);
    await f("https://127.0.0.1:12379", undefined);
    const trusting = discovered({ "trusted-ca-file": "" });
    const host = apiServer({ ...flags, "etcd-servers": "https://127.0.0.1:2379" });
    const [found] = await findExtraCertificates(probeContext({ discovered: trusting, host }), []);
    expect(found?.authorities).toBeUndefined();
  });

  it("takes an API server without --etcd-servers for nobody's client", () => {
    expect(isClientOf({}, discovered())).toBe(false);
  });
});

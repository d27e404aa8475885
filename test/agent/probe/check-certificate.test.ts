import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { findChainProblem, isKeyOf } from "../../../agent/probe/check-certificate.ts";
import { createCertificateProbe } from "../../../agent/probe/certificate.ts";
import type { CertificateFact } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { Layer } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { createEtcdPki } from "../../lab/etcd-pki.ts";
import type { EtcdPki } from "../../lab/etcd-pki.ts";
import { discoveredEtcd, probeContext, TEST_CONFIG, TEST_SETUP } from "./probe-context.ts";

let directory: string;
let pki: EtcdPki;
let other: EtcdPki;
let peer: { cert: string; key: string };
let stranger: { cert: string; key: string };

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "check-certificate-"));
  pki = await createEtcdPki(join(directory, "pki"), []);
  other = await createEtcdPki(join(directory, "other"), []);
  peer = { cert: join(directory, "peer.crt"), key: join(directory, "peer.key") };
  stranger = { cert: join(directory, "stranger.crt"), key: join(directory, "stranger.key") };
  const subject = { commonName: "m1", organization: "etcd", ips: ["10.0.0.1"], dnsNames: [] };
  await pki.issue(subject, peer);
  await other.issue(subject, stranger);
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

function text(path: string): string {
  return readFileSync(path, "utf8");
}

describe("agent/probe/check-certificate", () => {
  it("tells the key of a certificate from another", () => {
    expect(isKeyOf(text(peer.cert), text(peer.key))).toBe(true);
    expect(isKeyOf(text(peer.cert), text(stranger.key))).toBe(false);
    expect(() => isKeyOf(text(peer.cert), "nothing")).toThrow(/private key/);
  });

  it("follows the chain to an authority, by key and not by name", () => {
    expect(findChainProblem(text(peer.cert), text(pki.caPath))).toBe("");
    // Both authorities of the lab have the same name.
    expect(findChainProblem(text(stranger.cert), text(pki.caPath))).toMatch(/another key/);
    const bundle = text(other.caPath) + text(pki.caPath);
    expect(findChainProblem(text(peer.cert), bundle)).toBe("");
    expect(findChainProblem(text(peer.cert), "")).toMatch(/no certificate/);
    expect(findChainProblem(text(pki.caPath), text(pki.caPath))).toBe("");
  });
});

describe("agent/probe/certificate beside its files", () => {
  async function look(key: string, authorities: string): Promise<CertificateFact> {
    const probe = createCertificateProbe({
      ...TEST_SETUP,
      config: { ...TEST_CONFIG, tls: { ca: "", cert: peer.cert, key: "" } },
    });
    const discovered = discoveredEtcd({
      "peer-cert-file": peer.cert,
      "peer-key-file": key,
      "peer-trusted-ca-file": authorities,
    });
    const { facts } = await probe.run(probeContext({ discovered }));
    const body = facts?.find((fact) => fact.key === "certificate/peer")?.body;
    if (body?.case !== "certificate") {
      throw new Error("Expected a fact of the peer certificate");
    }
    return body.value;
  }

  it("finds all well", async () => {
    expect(await look(peer.key, pki.caPath)).toMatchObject({
      keyPath: peer.key,
      keyMatch: Layer.OK,
      keyMode: 0o600,
      keyProblem: "",
      chain: Layer.OK,
      chainProblem: "",
    });
  });

  it("finds the key of another, open to all, and an authority that did not sign", async () => {
    chmodSync(stranger.key, 0o644);
    const fact = await look(stranger.key, other.caPath);
    expect(fact).toMatchObject({ keyMatch: Layer.FAILED, keyMode: 0o644, chain: Layer.FAILED });
    expect(fact.chainProblem).toContain(other.caPath);
  });

  it("says why a key could not be read, and sends nothing of it", async () => {
    const missing = await look(join(directory, "missing.key"), pki.caPath);
    expect(missing).toMatchObject({ keyMatch: Layer.UNKNOWN, keyMode: 0, chain: Layer.OK });
    expect(missing.keyProblem).toContain("missing.key");
    const odd = join(directory, "odd.key");
    writeFileSync(odd, "SECRET that is not PEM", { mode: 0o600 });
    const unread = await look(odd, pki.caPath);
    expect(unread).toMatchObject({ keyMatch: Layer.UNKNOWN, keyMode: 0o600 });
    expect(
      JSON.stringify(unread, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
    ).not.toContain("SECRET");
  });
});

import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { DiscoveredEtcd } from "../../../agent/discovery/discovered-etcd.ts";
import { createCertificateProbe } from "../../../agent/probe/certificate.ts";
import { chooseCertificate, parseCertificates } from "../../../agent/probe/parse-certificates.ts";
import type { Observation, Probe } from "../../../agent/probe/probe.ts";
import { Layer } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import type { CertificateFact } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { createEtcdPki } from "../../lab/etcd-pki.ts";
import type { EtcdPki } from "../../lab/etcd-pki.ts";
import { createManualClock } from "../manual-clock.ts";
import { discoveredEtcd, probeContext, TEST_CONFIG, TEST_SETUP } from "./probe-context.ts";

let directory: string;
let pki: EtcdPki;
let server: { cert: string; key: string };

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "certificate-"));
  pki = await createEtcdPki(join(directory, "pki"), []);
  server = { cert: join(directory, "server.crt"), key: join(directory, "server.key") };
  await pki.issue(
    { commonName: "m1", organization: "etcd", ips: ["127.0.0.1", "10.0.0.1"], dnsNames: ["localhost"] },
    server,
  );
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function discovered(rest: Partial<DiscoveredEtcd> = {}): DiscoveredEtcd {
  return discoveredEtcd(
    { "cert-file": server.cert, "key-file": server.key, "trusted-ca-file": pki.caPath },
    rest,
  );
}

function factsOf(observation: Observation): Record<string, CertificateFact> {
  return Object.fromEntries(
    (observation.facts ?? []).map(({ key, body }) => [key, body.value as CertificateFact]),
  );
}

function createProbe(): Probe {
  return createCertificateProbe({
    ...TEST_SETUP,
    config: { ...TEST_CONFIG, tls: { ca: "", cert: server.cert, key: "" } },
  });
}

describe("agent/probe/certificate", () => {
  it("describes the certificates that the flags name, and the agent's own", async () => {
    const facts = factsOf(await createProbe().run(probeContext({ discovered: discovered() })));
    expect(Object.keys(facts)).toEqual(["certificate/server", "certificate/client-ca", "certificate/agent"]);
    const fact = facts["certificate/server"]!;
    expect(fact).toMatchObject({ role: "server", path: server.cert, problem: "" });
    expect(fact.subject).toContain("CN=m1");
    expect([...fact.sans].sort()).toEqual(["DNS:localhost", "IP:10.0.0.1", "IP:127.0.0.1"]);
    expect(fact.fingerprintSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(fact.serial).toMatch(/^[0-9a-f]+$/);
    expect(fact.notAfterUnixMs).toBeGreaterThan(fact.notBeforeUnixMs);
    expect(fact.modifiedAtUnixMs).toBeGreaterThan(0n);
    expect(facts["certificate/client-ca"]?.subject).toBe(fact.issuer);
  });

  it("reads a file again within a round of the files when it changes, within a slow interval when its key or authorities do, and seldom when nothing does", async () => {
    let reads = 0;
    const clock = createManualClock();
    const probe = createProbe();
    const round = async (): Promise<Record<string, CertificateFact>> => {
      await look();
      await look();
      return await look();
    };
    const look = async (): Promise<Record<string, CertificateFact>> => {
      const context = probeContext({ discovered: discovered(), clock });
      const machine = context.host;
      const host = {
        ...machine,
        readSmallFile: (path: string, maxBytes: number, signal: AbortSignal) => {
          reads += 1;
          return machine.readSmallFile(path, maxBytes, signal);
        },
      };
      return factsOf(await probe.run({ ...context, host }));
    };
    const before = await look();
    // Three certificates, and beside the server's its key and authorities.
    expect(reads).toBe(5);
    await round();
    expect(reads).toBe(5);
    const renewed = { cert: `${server.cert}.new`, key: server.key };
    await pki.issue({ commonName: "renewed" }, renewed);
    renameSync(renewed.cert, server.cert);
    const after = await round();
    expect(after["certificate/server"]?.subject).toContain("CN=renewed");
    expect(before["certificate/server"]?.serial).not.toBe(after["certificate/server"]?.serial);
    expect(reads).toBe(9);
    await clock.advance(61_000);
    await round();
    expect(reads).toBe(9);
    chmodSync(server.key, 0o640);
    await round();
    expect(reads).toBe(9);
    await clock.advance(61_000);
    expect((await round())["certificate/server"]?.keyMode).toBe(0o640);
    // The renewed certificate, its key and its authorities.
    expect(reads).toBe(12);
    await clock.advance(601_000);
    await round();
    expect(reads).toBe(17);
  });

  it("says what is wrong with a file in place of its content", async () => {
    const probe = createProbe();
    const look = async (): Promise<Observation> =>
      await probe.run(probeContext({ discovered: discovered() }));
    const problem = async (): Promise<string | undefined> => {
      await look();
      await look();
      return factsOf(await look())["certificate/server"]?.problem;
    };
    rmSync(server.cert);
    expect(await problem()).toBe(`${server.cert} does not exist`);
    writeFileSync(server.cert, "nothing of the kind");
    expect(await problem()).toBe("The file should hold a PEM certificate and holds none");
    writeFileSync(server.cert, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    expect(await problem()).toBe("The certificate in the file is damaged");
    writeFileSync(server.cert, Buffer.alloc(2 * 1024 * 1024));
    expect(await problem()).toContain("at most 1048576 bytes");
  });

  it("looks at every file at once when etcd has ended or is another", async () => {
    const probe = createProbe();
    await probe.run(probeContext({ discovered: discovered({ pid: 812 }) }));
    rmSync(server.cert);
    const ended = factsOf(await probe.run(probeContext({ discovered: discovered({ pid: undefined }) })));
    expect(ended["certificate/server"]?.problem).toBe(`${server.cert} does not exist`);
    await pki.issue({ commonName: "renewed" }, server);
    const again = factsOf(await probe.run(probeContext({ discovered: discovered({ pid: 813 }) })));
    expect(again["certificate/server"]?.subject).toContain("CN=renewed");
  });

  it("takes back what no flag names any more", async () => {
    const probe = createProbe();
    await probe.run(probeContext({ discovered: discovered() }));
    const observation = await probe.run(probeContext({ discovered: discoveredEtcd({}) }));
    expect(observation.removedFacts).toEqual(["certificate/server", "certificate/client-ca"]);
  });

  it("holds what etcd shows as a client against the authorities that it meets", async () => {
    const other = await createEtcdPki(join(directory, "other"), []);
    const client = { cert: join(directory, "client.crt"), key: join(directory, "client.key") };
    const strange = { cert: join(directory, "strange.crt"), key: join(directory, "strange.key") };
    await pki.issue({ commonName: "m1-client" }, client);
    await other.issue({ commonName: "m1-peer-client" }, strange);
    const etcd = discoveredEtcd({
      "cert-file": server.cert,
      "key-file": server.key,
      "trusted-ca-file": pki.caPath,
      "client-cert-file": client.cert,
      "client-key-file": client.key,
      "peer-cert-file": server.cert,
      "peer-key-file": server.key,
      "peer-trusted-ca-file": pki.caPath,
      "peer-client-cert-file": strange.cert,
      "peer-client-key-file": client.key,
    });
    const facts = factsOf(await createProbe().run(probeContext({ discovered: etcd })));
    expect(facts["certificate/client"]).toMatchObject({ keyMatch: Layer.OK, chain: Layer.OK });
    expect(facts["certificate/peer-client"]).toMatchObject({
      path: strange.cert,
      keyPath: client.key,
      keyMatch: Layer.FAILED,
      chain: Layer.FAILED,
    });
  });

  it("looks at what else lies in etcd's folder, and passes over what is no certificate", async () => {
    const healthcheck = {
      cert: join(directory, "healthcheck.pem"),
      key: join(directory, "healthcheck-key.pem"),
    };
    await pki.issue({ commonName: "healthcheck" }, healthcheck);
    writeFileSync(join(directory, "dhparam.pem"), "-----BEGIN DH PARAMETERS-----");
    const host = { listProcessIds: () => [] };
    const probe = createProbe();
    const look = async (): Promise<Observation> =>
      await probe.run(probeContext({ discovered: discovered(), host }));
    const facts = factsOf(await look());
    expect(Object.keys(facts).filter((key) => key.includes("folder/"))).toEqual([
      "certificate/folder/healthcheck.pem",
    ]);
    expect(facts["certificate/folder/healthcheck.pem"]?.keyMatch).toBe(Layer.OK);
    // Replaced by what is none, it is not told of any more.
    writeFileSync(healthcheck.cert, "nothing");
    const removed: string[] = [];
    for (let round = 0; round < 6; round += 1) {
      removed.push(...((await look()).removedFacts ?? []));
    }
    expect(removed).toEqual(["certificate/folder/healthcheck.pem"]);
  });

  it("finds an API server whose certificate etcd will not believe", async () => {
    const other = await createEtcdPki(join(directory, "other"), []);
    const client = { cert: join(directory, "apiserver.crt"), key: join(directory, "apiserver.key") };
    await other.issue({ commonName: "kube-apiserver-etcd-client" }, client);
    const flags = {
      "etcd-certfile": client.cert,
      "etcd-keyfile": client.key,
      "etcd-servers": "https://127.0.0.1:2379",
    };
    const host = {
      listProcessIds: () => [812],
      findProcessName: () => "kube-apiserver",
      findProcessArguments: () => [
        "kube-apiserver",
        ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
      ],
      sharesMounts: () => true,
    };
    const etcd = discoveredEtcd({
      "cert-file": server.cert,
      "key-file": server.key,
      "trusted-ca-file": pki.caPath,
      "listen-client-urls": "https://127.0.0.1:2379",
    });
    const facts = factsOf(await createProbe().run(probeContext({ discovered: etcd, host })));
    const fact = facts["certificate/apiserver-etcd-client"];
    expect(fact).toMatchObject({ keyMatch: Layer.OK, chain: Layer.FAILED });
    expect(fact?.chainProblem).toContain(pki.caPath);
  });

  it("keeps what it knows of a container's files when the container is gone", async () => {
    const probe = createProbe();
    const before = factsOf(await probe.run(probeContext({ discovered: discovered() })));
    const gone = discovered({ pid: undefined, rootPrefix: "/proc/4000000/root" });
    const after = factsOf(await probe.run(probeContext({ discovered: gone })));
    expect(after["certificate/server"]).toBe(before["certificate/server"]);
  });
});

describe("agent/probe/parse-certificates", () => {
  it("takes the first of a chain, and of authorities the one that issued what is in use", async () => {
    const other = await createEtcdPki(join(directory, "other"), []);
    const [leaf] = parseCertificates(readFileSync(server.cert, "latin1"));
    const bundle = readFileSync(other.caPath, "latin1") + readFileSync(pki.caPath, "latin1");
    const authorities = parseCertificates(bundle);
    expect(authorities).toHaveLength(2);
    expect(chooseCertificate(authorities, undefined)).toBe(authorities[0]);
    expect(chooseCertificate(authorities, "CN=nobody")).toBe(authorities[0]);
    const issuer = authorities.find(({ subject }) => subject === leaf?.issuer);
    expect(chooseCertificate(authorities, leaf?.issuer)).toBe(issuer);
  });

  it("passes over a private key in the same file", () => {
    const both = readFileSync(server.key, "latin1") + readFileSync(server.cert, "latin1");
    expect(parseCertificates(both)).toHaveLength(1);
  });
});

/** A certificate authority for lab clusters, laid out as kubeadm does, with any validity: expired ones are as easy as good ones. */

import { webcrypto } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { systemClock } from "../../shared/clock.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;
/** Certificates start in the past, so that machines whose clocks differ a little accept them. */
const BACKDATE_MS = 3_600_000;

export interface Validity {
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

export interface CertificateRequest extends Validity {
  readonly commonName: string;
  readonly organization?: string;
  readonly ips?: readonly string[];
  readonly dnsNames?: readonly string[];
}

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export type MemberCertificateKind = "server" | "peer" | "healthcheck-client";

export interface MemberIdentity {
  readonly name: string;
  readonly ips: readonly string[];
  readonly dnsNames?: readonly string[];
}

export interface EtcdPki {
  readonly caPath: string;
  /** A client certificate for the lab's own calls. */
  readonly client: CertificateFiles;
  /** Holds ca.crt and, for each kind, KIND.crt and KIND.key of that member. */
  certDir(memberName: string): string;
  /** Issues a certificate from this authority into the two files, replacing what is there. */
  issue(request: CertificateRequest, files: CertificateFiles): Promise<void>;
  /** Replaces one of a member's certificates, for example by an expired one. The member is not restarted. */
  reissueMember(member: MemberIdentity, kind: MemberCertificateKind, validity?: Validity): Promise<void>;
}

interface Authority {
  readonly certificate: x509.X509Certificate;
  readonly keys: CryptoKeyPair;
}

type CryptoKeyPair = Awaited<ReturnType<typeof createKeys>>;

async function createKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

function validityOf(request: Validity): { notBefore: Date; notAfter: Date } {
  const nowMs = systemClock.nowMs();
  return {
    notBefore: request.notBefore ?? new Date(nowMs - BACKDATE_MS),
    notAfter: request.notAfter ?? new Date(nowMs + 365 * DAY_MS),
  };
}

async function createAuthority(commonName: string): Promise<Authority> {
  const keys = await createKeys();
  const nowMs = systemClock.nowMs();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: `CN=${commonName}`,
    notBefore: new Date(nowMs - 10 * 365 * DAY_MS),
    notAfter: new Date(nowMs + 10 * 365 * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate, keys };
}

async function issueInto(
  authority: Authority,
  request: CertificateRequest,
  files: CertificateFiles,
): Promise<void> {
  const keys = await createKeys();
  const names: x509.JsonGeneralName[] = [
    ...(request.ips ?? []).map((value) => ({ type: "ip" as const, value })),
    ...(request.dnsNames ?? []).map((value) => ({ type: "dns" as const, value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(8)))
      .toString("hex")
      .replace(/^./, "1"),
    subject: `${request.organization ? `O=${request.organization},` : ""}CN=${request.commonName}`,
    issuer: authority.certificate.subject,
    ...validityOf(request),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
        true,
      ),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
      await x509.AuthorityKeyIdentifierExtension.create(authority.keys.publicKey),
    ],
  });
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  writeFileSync(files.key, `${x509.PemConverter.encode(pkcs8, "PRIVATE KEY")}\n`, { mode: 0o600 });
  chmodSync(files.key, 0o600);
  writeFileSync(files.cert, `${certificate.toString("pem")}\n`);
}

/** Makes a CA and, per member, server, peer and healthcheck-client certificates, all good for server and client use. */
export async function createEtcdPki(dir: string, members: readonly MemberIdentity[]): Promise<EtcdPki> {
  mkdirSync(dir, { recursive: true });
  const authority = await createAuthority("etcd-ca");
  const caPath = join(dir, "ca.crt");
  writeFileSync(caPath, `${authority.certificate.toString("pem")}\n`);
  const client = { cert: join(dir, "client.crt"), key: join(dir, "client.key") };

  const pki: EtcdPki = {
    caPath,
    client,
    certDir: (memberName) => join(dir, memberName),
    issue: async (request, files) => await issueInto(authority, request, files),
    reissueMember: async (member, kind, validity = {}) => {
      const folder = join(dir, member.name);
      const files = { cert: join(folder, `${kind}.crt`), key: join(folder, `${kind}.key`) };
      const request =
        kind === "healthcheck-client"
          ? { commonName: "kube-etcd-healthcheck-client", organization: "system:masters", ...validity }
          : { commonName: member.name, ips: member.ips, dnsNames: member.dnsNames ?? [], ...validity };
      await issueInto(authority, request, files);
    },
  };

  await pki.issue({ commonName: "lab-client", organization: "system:masters" }, client);
  for (const member of members) {
    const folder = join(dir, member.name);
    mkdirSync(folder, { recursive: true });
    if (!existsSync(join(folder, "ca.crt"))) {
      copyFileSync(caPath, join(folder, "ca.crt"));
    }
    for (const kind of ["server", "peer", "healthcheck-client"] as const) {
      await pki.reissueMember(member, kind);
    }
  }
  return pki;
}

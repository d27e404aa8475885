/** The certificates of the agents' stream: a small authority of its own, ECDSA P-256, names in the certificates. */
import { randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import "reflect-metadata";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  type JsonGeneralName,
} from "@peculiar/x509";

const KEY_ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNATURE_ALGORITHM = { name: "ECDSA", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;
/** Machines whose clock is a little behind accept a new certificate all the same. */
const BACKDATED_MS = 5 * 60_000;

export interface Issued {
  readonly certificate: string;
  /** PKCS #8 in PEM. */
  readonly key: string;
  readonly notAfterMs: number;
}

export interface Authority {
  readonly certificate: X509Certificate;
  readonly key: webcrypto.CryptoKey;
}

export interface Validity {
  readonly nowMs: number;
  readonly days: number;
}

/** A new authority that signs end certificates only. */
export async function createAuthority(commonName: string, validity: Validity): Promise<Issued> {
  const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ["sign", "verify"]);
  const notAfterMs = validity.nowMs + validity.days * DAY_MS;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: createSerial(),
    name: [{ CN: [commonName] }],
    keys,
    notBefore: new Date(validity.nowMs - BACKDATED_MS),
    notAfter: new Date(notAfterMs),
    signingAlgorithm: SIGNATURE_ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: toPem(certificate), key: await exportKey(keys.privateKey), notAfterMs };
}

/** The identity of an agent: the URI is what the collector believes, the common name is for people. */
export async function issueAgent(
  authority: Authority,
  agent: { readonly cluster: string; readonly node: string },
  validity: Validity,
): Promise<Issued> {
  return issue(authority, validity, agentNames(agent));
}

function agentNames(agent: { readonly cluster: string; readonly node: string }): LeafNames {
  const name = `${agent.cluster}/${agent.node}`;
  return {
    // A common name is limited to 64 characters.
    commonName: `agent:${name}`.slice(0, 64),
    usage: ExtendedKeyUsage.clientAuth,
    names: [{ type: "url", value: `etcdscope://${name}` }],
  };
}

/** As issueAgent, for a key that stays where it was made. */
export async function certifyAgent(
  authority: Authority,
  agent: { readonly cluster: string; readonly node: string; readonly publicKey: webcrypto.CryptoKey },
  validity: Validity,
): Promise<{ readonly certificate: string; readonly notAfterMs: number }> {
  return sign(authority, validity, { ...agentNames(agent), publicKey: agent.publicKey });
}

/** The identity of a collector under every name and address that agents call it by. */
export async function issueCollector(
  authority: Authority,
  hosts: readonly string[],
  validity: Validity,
): Promise<Issued> {
  return issue(authority, validity, {
    commonName: `collector:${hosts[0] ?? ""}`.slice(0, 64),
    usage: ExtendedKeyUsage.serverAuth,
    names: hosts.map((host) => ({ type: isIP(host) === 0 ? "dns" : "ip", value: host })),
  });
}

interface LeafNames {
  readonly commonName: string;
  readonly usage: ExtendedKeyUsage;
  readonly names: JsonGeneralName[];
}

async function issue(authority: Authority, validity: Validity, leaf: LeafNames): Promise<Issued> {
  const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ["sign", "verify"]);
  const signed = await sign(authority, validity, { ...leaf, publicKey: keys.publicKey });
  return { ...signed, key: await exportKey(keys.privateKey) };
}

async function sign(
  authority: Authority,
  validity: Validity,
  leaf: LeafNames & { readonly publicKey: webcrypto.CryptoKey },
): Promise<{ readonly certificate: string; readonly notAfterMs: number }> {
  // No certificate is good for longer than the one that signed it.
  const notAfterMs = Math.min(
    validity.nowMs + validity.days * DAY_MS,
    authority.certificate.notAfter.getTime(),
  );
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([leaf.usage]),
    new SubjectAlternativeNameExtension(leaf.names),
    await SubjectKeyIdentifierExtension.create(leaf.publicKey),
    await AuthorityKeyIdentifierExtension.create(authority.certificate),
  ];
  const certificate = await X509CertificateGenerator.create({
    serialNumber: createSerial(),
    subject: [{ CN: [leaf.commonName] }],
    issuer: authority.certificate.subjectName,
    publicKey: leaf.publicKey,
    signingKey: authority.key,
    notBefore: new Date(validity.nowMs - BACKDATED_MS),
    notAfter: new Date(notAfterMs),
    signingAlgorithm: SIGNATURE_ALGORITHM,
    extensions,
  });
  return { certificate: toPem(certificate), notAfterMs };
}

/** From the two files of an authority; throws what the packages throw when they are none. */
export async function parseAuthority(certificatePem: string, keyPem: string): Promise<Authority> {
  const der = Buffer.from(keyPem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
  const key = await webcrypto.subtle.importKey("pkcs8", der, KEY_ALGORITHM, false, ["sign"]);
  return { certificate: new X509Certificate(certificatePem), key };
}

function createSerial(): string {
  const bytes = randomBytes(16);
  // Positive and without leading zeros, as DER wants an integer.
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

function toPem(certificate: X509Certificate): string {
  return `${certificate.toString("pem").trimEnd()}\n`;
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`;
}

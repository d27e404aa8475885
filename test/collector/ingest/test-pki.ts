/** Certificates for tests: an authority and what it signs, good or bad on purpose, as files in a folder. */
import "reflect-metadata";
import type { webcrypto } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  type JsonGeneralName,
  type X509Certificate,
} from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 24 * 3600 * 1000;

export interface TestAuthority {
  readonly certificate: X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly folder: string;
}

export interface IssueOptions {
  readonly name: string;
  readonly names: readonly JsonGeneralName[];
  readonly notAfterMs?: number;
}

export interface IssuedFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export async function createAuthority(folder: string): Promise<TestAuthority> {
  mkdirSync(folder, { recursive: true });
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=test authority",
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 30 * DAY_MS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });
  writeFileSync(join(folder, "ca.crt"), certificate.toString("pem"));
  return { certificate, keys, folder };
}

/** A certificate signed by the authority, its key, and the authority's own, as paths. */
export async function issue(authority: TestAuthority, options: IssueOptions): Promise<IssuedFiles> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.create({
    subject: `CN=${options.name}`,
    issuer: authority.certificate.subject,
    notBefore: new Date(Date.now() - 10 * DAY_MS),
    notAfter: new Date(options.notAfterMs ?? Date.now() + DAY_MS),
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [new SubjectAlternativeNameExtension([...options.names])],
  });
  const path = (ending: string): string => join(authority.folder, `${options.name}.${ending}`);
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  writeFileSync(path("crt"), certificate.toString("pem"));
  writeFileSync(path("key"), `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`);
  return { ca: join(authority.folder, "ca.crt"), cert: path("crt"), key: path("key") };
}

export function agentName(cluster: string, node: string): readonly JsonGeneralName[] {
  return [{ type: "url", value: `etcdscope://${cluster}/${node}` }];
}

export const LOOPBACK: readonly JsonGeneralName[] = [
  { type: "ip", value: "127.0.0.1" },
  { type: "dns", value: "localhost" },
];

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

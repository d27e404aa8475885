/** Certificate files that a configuration names: there, readable, PEM, and a key that fits its certificate. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { KeyPath } from "./config-problem.ts";
import { valueAt } from "./describe-issue.ts";
import { path } from "./field-types.ts";

export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** { ca, cert, key }; what the files hold is found by findTlsProblems. */
export function tlsFiles(resolve: (path: string) => string): z.ZodType<TlsFiles> {
  return z.object({ ca: path(resolve), cert: path(resolve), key: path(resolve) });
}

/** How far the files are looked into: those of a patient (etcd's own) may be broken, and we must start all the same. */
export type TlsDepth = "readable" | "usable";

type TlsRole = keyof TlsFiles;
type NamedFiles = Partial<Record<TlsRole, string>>;

interface TlsProblem {
  readonly path: KeyPath;
  readonly message: string;
}

/** Everything wrong with the files that one tls section of the data, as written, names. */
export function findTlsProblems(
  data: unknown,
  section: KeyPath,
  how: { readonly resolvePath: (path: string) => string; readonly depth: TlsDepth },
): TlsProblem[] {
  const problems: TlsProblem[] = [];
  const files: NamedFiles = {};
  const contents = new Map<TlsRole, Buffer>();
  for (const role of ["ca", "cert", "key"] as const) {
    const written = valueAt(data, [...section, role]);
    if (typeof written !== "string" || written.trim() === "") {
      continue;
    }
    const file = how.resolvePath(written);
    files[role] = file;
    try {
      contents.set(role, readFileSync(file));
    } catch (caught) {
      problems.push({ path: [...section, role], message: describeUnreadable(file, caught) });
    }
  }
  return how.depth === "readable" ? problems : [...problems, ...findUnusable(section, files, contents)];
}

function findUnusable(
  section: KeyPath,
  files: NamedFiles,
  contents: ReadonlyMap<TlsRole, Buffer>,
): TlsProblem[] {
  const problems: TlsProblem[] = [];
  const parse = <T>(role: TlsRole, what: string, make: (pem: Buffer) => T): T | undefined => {
    const content = contents.get(role);
    try {
      return content === undefined ? undefined : make(content);
    } catch {
      problems.push({ path: [...section, role], message: `expected ${what} in PEM: ${files[role] ?? ""}` });
      return undefined;
    }
  };
  parse("ca", "a certificate", (pem) => new X509Certificate(pem));
  const cert = parse("cert", "a certificate", (pem) => new X509Certificate(pem));
  const key = parse("key", "a private key without a passphrase", (pem) => createPrivateKey(pem));
  if (cert !== undefined && key !== undefined && !cert.checkPrivateKey(key)) {
    problems.push({
      path: [...section, "key"],
      message: `is not the key of the certificate ${files.cert ?? ""}: ${files.key ?? ""}`,
    });
  }
  return problems;
}

function describeUnreadable(file: string, caught: unknown): string {
  const code = (caught as NodeJS.ErrnoException).code;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return `no such file: ${file}`;
    case "EACCES":
    case "EPERM":
      return `may not be read by this user: ${file}`;
    case "EISDIR":
      return `is a folder, expected a file: ${file}`;
    default:
      return `cannot be read (${code ?? String(caught)}): ${file}`;
  }
}

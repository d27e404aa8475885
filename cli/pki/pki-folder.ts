/** The folder that holds the certificates: keys readable by their owner alone, nothing overwritten by accident. */
import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { EtcdscopeError } from "../../shared/errors.ts";
import { parseAuthority, type Authority, type Issued } from "../../collector/enrol/certificate-authority.ts";

export interface WrittenPair {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** Writes NAME.crt and NAME.key, both or none; without `force` only where neither exists. */
export function writePair(
  dir: string,
  name: string,
  pair: Issued & { readonly force: boolean },
): WrittenPair {
  const certificateFile = join(dir, `${name}.crt`);
  const keyFile = join(dir, `${name}.key`);
  assertFree(dir, name, pair.force);
  const written: string[] = [];
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    for (const [file, text, mode] of [
      [keyFile, pair.key, 0o600],
      [certificateFile, pair.certificate, 0o644],
    ] as const) {
      // Left behind by a run that was killed; its mode would stay.
      rmSync(`${file}.new`, { force: true });
      writeFileSync(`${file}.new`, text, { mode, flag: "wx" });
      written.push(`${file}.new`);
    }
    renameSync(`${keyFile}.new`, keyFile);
    renameSync(`${certificateFile}.new`, certificateFile);
  } catch (caught) {
    written.forEach((file) => rmSync(file, { force: true }));
    throw new EtcdscopeError("STORAGE_FAILED", `Expected to write ${certificateFile}: ${messageOf(caught)}`, {
      cause: caught,
    });
  }
  return { certificateFile, keyFile };
}

/** Throws when one of the files is there and may not be replaced. */
export function assertFree(dir: string, name: string, force: boolean): void {
  const taken = [`${name}.crt`, `${name}.key`].filter((file) => existsSync(join(dir, file)));
  if (taken.length > 0 && !force) {
    const them = taken.map((file) => join(dir, file)).join(" and ");
    throw new EtcdscopeError("ARGUMENT_INVALID", `${them} already there; --force replaces`, {
      reason: "exists",
    });
  }
}

/** The authority in the folder; a clear error when there is none, or when its key is another's. */
export async function readAuthority(dir: string): Promise<Authority> {
  const certificateFile = join(dir, "ca.crt");
  const keyFile = join(dir, "ca.key");
  if (!existsSync(certificateFile) || !existsSync(keyFile)) {
    const missing = existsSync(certificateFile) ? keyFile : certificateFile;
    throw new EtcdscopeError("NOT_FOUND", `${missing} is not there; "etcdscope pki init" makes an authority`);
  }
  let fits: boolean;
  let authority: Authority;
  try {
    const certificate = readFileSync(certificateFile, "utf8");
    const key = readFileSync(keyFile, "utf8");
    fits = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
    authority = await parseAuthority(certificate, key);
  } catch (caught) {
    const message = `Expected an authority made by "etcdscope pki init" in ${dir}: ${messageOf(caught)}`;
    throw new EtcdscopeError("STORAGE_FAILED", message, { cause: caught });
  }
  if (!fits) {
    throw new EtcdscopeError("STORAGE_CORRUPT", `${keyFile} is not the key of ${certificateFile}`);
  }
  return authority;
}

/** Seals join tokens; the collector gets a copy or reads this one (grpc.enrol.joinKey). */
export function readOrCreateJoinKey(dir: string): string {
  const file = join(dir, "join.key");
  if (!existsSync(file)) {
    writeFileSync(file, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
  }
  return readFileSync(file, "utf8").trim();
}

export function readSerial(file: string): { readonly serial: string; readonly names: string } {
  try {
    const { serialNumber, subject, subjectAltName } = new X509Certificate(readFileSync(file));
    return { serial: serialNumber, names: (subjectAltName ?? subject).replaceAll(/\s+/g, " ") };
  } catch (caught) {
    const message = `Expected a certificate in ${file}: ${messageOf(caught)}`;
    throw new EtcdscopeError("ARGUMENT_INVALID", message, { cause: caught });
  }
}

/** Returns the list's file. */
export function appendRevoked(dir: string, line: string): string {
  const file = join(dir, "revoked.txt");
  appendFileSync(file, `${line}\n`, { mode: 0o644 });
  return file;
}

function messageOf(caught: unknown): string {
  return caught instanceof Error ? caught.message : String(caught);
}

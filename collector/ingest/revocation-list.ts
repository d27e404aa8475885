/**
 * Certificates that are no longer believed, though they are signed and in time: a text file with one serial number or
 * SHA-256 fingerprint a line, as openssl prints them; what follows a # is for people. Parsing is pure.
 */
import { readFile, stat } from "node:fs/promises";
import { EtcdscopeError } from "../../shared/errors.ts";

export interface RevocationList {
  /** By serial number or fingerprint, in upper-case hex without colons. */
  readonly entries: ReadonlySet<string>;
}

export const EMPTY_LIST: RevocationList = { entries: new Set() };

/** Serial numbers are up to 20 bytes, fingerprints 32. */
const ENTRY = /^[0-9A-F]{2,64}$/;

/** Throws with the line when one is neither. */
export function parseRevocationList(text: string): RevocationList {
  const entries = new Set<string>();
  text.split("\n").forEach((line, index) => {
    const entry = (line.split("#")[0] ?? "").trim().replace(/^(serial=|sha256 fingerprint=)/i, "");
    if (entry === "") {
      return;
    }
    const plain = entry.replaceAll(":", "").toUpperCase();
    if (!ENTRY.test(plain)) {
      const message = `Line ${index + 1} of the revocation list: expected a serial number or a SHA-256 fingerprint in hex`;
      throw new EtcdscopeError("CONFIG_INVALID", message);
    }
    entries.add(plain.length === 64 ? plain : stripZeros(plain));
  });
  return { entries };
}

export function isRevoked(
  list: RevocationList,
  certificate: { readonly serialNumber?: string; readonly fingerprint256?: string },
): boolean {
  if (list.entries.size === 0) {
    return false;
  }
  const serial = stripZeros((certificate.serialNumber ?? "").toUpperCase());
  const fingerprint = (certificate.fingerprint256 ?? "").replaceAll(":", "").toUpperCase();
  return list.entries.has(serial) || list.entries.has(fingerprint);
}

/** The list when the file has changed since `mark`; undefined when it has not. Rejects when it cannot be read or understood. */
export async function readIfChanged(
  file: string,
  mark: string,
): Promise<{ readonly list: RevocationList; readonly mark: string } | undefined> {
  const { mtimeMs, size, ino } = await stat(file);
  const now = `${ino}/${size}/${mtimeMs}`;
  return now === mark ? undefined : { list: parseRevocationList(await readFile(file, "utf8")), mark: now };
}

function stripZeros(hex: string): string {
  return hex.replace(/^(00)+(?=.)/, "");
}

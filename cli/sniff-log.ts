/** What the first bytes of a "log" say that it is. Pure. */

export type LogEncoding =
  | { readonly kind: "text"; readonly markBytes: number }
  | { readonly kind: "utf-16le" | "utf-16be" }
  | { readonly kind: "gzip" }
  /** Nothing that can be read here. */
  | { readonly kind: "other"; readonly name: string; readonly hint: string };

/** Enough of a stream to be waited for: the longest signature that decides by itself. */
export const SNIFF_BYTES = 8;

const COMPRESSED = "decompress it first";
const UNPACKED = "unpack it first";
const NO_LOG = "expected the text of a log";

/** Signature in hex, where it stands, what it is of. */
const SIGNATURES: readonly (readonly [string, number, string, string])[] = [
  ["fd377a585a00", 0, "xz", COMPRESSED],
  ["28b52ffd", 0, "zstd", COMPRESSED],
  ["425a68", 0, "bzip2", COMPRESSED],
  ["04224d18", 0, "lz4", COMPRESSED],
  ["5d00008000", 0, "lzma", COMPRESSED],
  ["504b0304", 0, "zip", UNPACKED],
  ["377abcaf271c", 0, "7z", UNPACKED],
  ["7573746172", 257, "tar", UNPACKED],
  ["4c504b5348485248", 0, "journal", "read it with journalctl --file=FILE --output=json"],
  ["edda0ced", 16, "etcd's database", NO_LOG],
];

/** A text may hold a stretch of zeros (a log that was emptied under its writer) and a few odd bytes (keys). */
const MAX_ZERO_RUNS = 8;
const MAX_CONTROL_SHARE = 0.05;
/** Control characters that texts have: backspace to carriage return, and what colours begin with. */
function isUsualInText(byte: number): boolean {
  return byte >= 32 || (byte >= 8 && byte <= 13) || byte === 27;
}

/** `head`: the first bytes, SNIFF_BYTES of them where there are as many. */
export function sniffLog(head: Buffer): LogEncoding {
  const hex = head.toString("hex", 0, 3);
  if (hex.startsWith("1f8b")) {
    return { kind: "gzip" };
  }
  if (hex.startsWith("fffe")) {
    return { kind: "utf-16le" };
  }
  if (hex.startsWith("feff")) {
    return { kind: "utf-16be" };
  }
  for (const [signature, at, name, hint] of SIGNATURES) {
    const bytes = Buffer.from(signature, "hex");
    if (head.subarray(at, at + bytes.length).equals(bytes)) {
      return { kind: "other", name, hint };
    }
  }
  return isBinary(head)
    ? { kind: "other", name: "of no known kind", hint: NO_LOG }
    : { kind: "text", markBytes: hex === "efbbbf" ? 3 : 0 };
}

function isBinary(head: Buffer): boolean {
  let zeros = 0;
  let zeroRuns = 0;
  let controls = 0;
  let before: number | undefined;
  for (const byte of head) {
    if (byte === 0) {
      zeros += 1;
      zeroRuns += before === 0 ? 0 : 1;
    } else if (!isUsualInText(byte)) {
      controls += 1;
    }
    before = byte;
  }
  return zeroRuns > MAX_ZERO_RUNS || controls > (head.length - zeros) * MAX_CONTROL_SHARE;
}

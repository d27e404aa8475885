/** Damages bytes as seeds say: the same seed, the same damage, so that every input can be made again. Pure. */

/** Numbers from 0 up to below 2^32, the same for the same seed. */
export type Random = () => number;

export function createRandom(seed: number): Random {
  let state = (seed ^ 0x9e37_79b9) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

/** Longer inputs only take longer: what reads them has limits of its own, which have tests of their own. */
const MAX_BYTES = 64 * 1024;
const MAX_STEPS = 6;

/** What has harmed parsers before. */
const TOKENS = [
  "\u0000",
  "\r\n",
  "-1",
  "0",
  "9".repeat(30),
  "1e999",
  "NaN",
  "null",
  "true",
  "{".repeat(200),
  "[".repeat(200),
  "}",
  "]",
  '"',
  "'",
  "\\",
  "\\u0000",
  "\\ud800",
  "&a [*a,*a]",
  "!!js/function",
  "<<: *a",
  "%00",
  "%2e%2e%2f",
  "../",
  "${x}",
  "__proto__",
  "constructor",
  "-----BEGIN CERTIFICATE-----",
  "-----END CERTIFICATE-----",
  "\u001b[31m",
  "a".repeat(3000),
].map((text) => Buffer.from(text));
const NUMBERS = [
  Buffer.alloc(4, 0xff),
  Buffer.alloc(8, 0xff),
  Buffer.alloc(10, 0x80),
  Buffer.from([0x7f, 0xff, 0xff, 0xff]),
  Buffer.alloc(8),
];

export function mutate(samples: readonly Buffer[], random: Random): Buffer {
  const pick = <T>(from: readonly T[]): T => from[random() % from.length] as T;
  let bytes = Buffer.from(pick(samples).subarray(0, MAX_BYTES));
  const steps = 1 + (random() % MAX_STEPS);
  for (let step = 0; step < steps; step += 1) {
    const at = bytes.length === 0 ? 0 : random() % bytes.length;
    const length = 1 + (random() % Math.min(64, Math.max(1, bytes.length - at)));
    switch (random() % 9) {
      case 0:
        if (bytes.length > 0) {
          bytes[at] = (bytes[at] ?? 0) ^ (1 << (random() % 8));
        }
        break;
      case 1:
        if (bytes.length > 0) {
          bytes[at] = random() & 0xff;
        }
        break;
      case 2:
        bytes = insert(bytes, at, Buffer.from([random() & 0xff]));
        break;
      case 3:
        bytes = cut(bytes, at, length);
        break;
      case 4:
        bytes = insert(bytes, at, bytes.subarray(at, at + length));
        break;
      case 5:
        bytes = insert(bytes, at, pick(TOKENS));
        break;
      case 6:
        bytes = insert(cut(bytes, at, 4), at, pick(NUMBERS));
        break;
      case 7:
        bytes = insert(cut(bytes, at, bytes.length), at, pick(samples).subarray(at));
        break;
      default:
        bytes = random() % 8 === 0 ? cut(bytes, at, bytes.length) : bytes;
    }
  }
  return bytes.subarray(0, MAX_BYTES);
}

function insert(bytes: Buffer, at: number, part: Uint8Array): Buffer<ArrayBuffer> {
  return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
}

function cut(bytes: Buffer, at: number, length: number): Buffer<ArrayBuffer> {
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
}

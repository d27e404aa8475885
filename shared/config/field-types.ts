/** The kinds of value that both configurations are made of: text checked and turned into what the code works with. */
import { z } from "zod";
import { isHost, parseAddress } from "./parse-address.ts";
import { formatDurationMs, parseDurationMs } from "./parse-duration.ts";
import { formatSizeBytes, parseSizeBytes } from "./parse-size.ts";

export interface Range {
  readonly min: number;
  readonly max: number;
}

type Parsed<T> = { readonly value: T } | { readonly problem: string };

/** A text that `parse` either turns into a value or finds fault with. */
function parsedText<T>(parse: (text: string) => Parsed<T>): z.ZodType<T, string> {
  return z.string().transform((text, context) => {
    const parsed = parse(text);
    if ("value" in parsed) {
      return parsed.value;
    }
    context.issues.push({ code: "custom", message: parsed.problem, input: text });
    return z.NEVER;
  });
}

/** "10s" → milliseconds within the range. */
export function duration(rangeMs: Range): z.ZodType<number, string> {
  return parsedText((text) => {
    const value = parseDurationMs(text);
    if (value === undefined) {
      return { problem: `expected a duration such as 500ms, 10s or 7d, got "${text}"` };
    }
    const limits = `${formatDurationMs(rangeMs.min)} to ${formatDurationMs(rangeMs.max)}`;
    return within(value, rangeMs) ? { value } : { problem: `expected a duration of ${limits}, got ${text}` };
  });
}

/** "64MiB" → bytes within the range. */
export function size(rangeBytes: Range): z.ZodType<number, string> {
  return parsedText((text) => {
    const value = parseSizeBytes(text);
    if (value === undefined) {
      return { problem: `expected a size such as 64MiB or 20GiB, got "${text}"` };
    }
    const limits = `${formatSizeBytes(rangeBytes.min)} to ${formatSizeBytes(rangeBytes.max)}`;
    return within(value, rangeBytes) ? { value } : { problem: `expected a size of ${limits}, got ${text}` };
  });
}

/** "10.0.0.5:7443", kept as text; a port of 0 makes no sense to call. */
export function remoteAddress(): z.ZodType<string, string> {
  return parsedText((text) => {
    const address = parseAddress(text);
    return address !== undefined && address.port > 0
      ? { value: text }
      : { problem: `expected host:port such as 10.0.0.5:7443 or [fd00::5]:7443, got "${text}"` };
  });
}

/** "127.0.0.1:8080" → host and port to listen on; port 0: any free one. */
export function listenAddress(): z.ZodType<{ readonly host: string; readonly port: number }, string> {
  return parsedText((text) => {
    const address = parseAddress(text);
    return address === undefined
      ? { problem: `expected host:port such as 0.0.0.0:7443, got "${text}"` }
      : { value: address };
  });
}

/** An IP address or a DNS name, without a port. */
export function host(): z.ZodType<string, string> {
  return parsedText((text) =>
    isHost(text)
      ? { value: text }
      : { problem: `expected an IP address or a host name without a port, got "${text}"` },
  );
}

/** The wire contract's names of clusters (63) and nodes (253 characters). */
export function name(maxLength: number): z.ZodType<string, string> {
  return parsedText((text) =>
    isName(text, maxLength)
      ? { value: text }
      : { problem: `expected 1 to ${maxLength} characters of A-Z a-z 0-9 . _ -, got "${text}"` },
  );
}

export const MAX_CLUSTER_NAME_LENGTH = 63;
export const MAX_NODE_NAME_LENGTH = 253;

/** Whether the text can name a cluster or a node. A name is part of file names: "." and ".." are none. */
export function isName(text: string, maxLength: number): boolean {
  return text.length <= maxLength && /^[A-Za-z0-9._-]+$/.test(text) && text !== "." && text !== "..";
}

/** An http or https URL without user or password: a secret has no place in a line that is logged. */
export function httpUrl(): z.ZodType<string, string> {
  return parsedText((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol)) {
      return { problem: `expected a URL such as https://host:9093/path, got "${text}"` };
    }
    return url.username === "" && url.password === ""
      ? { value: text }
      : { problem: "expected a URL without user and password" };
  });
}

/** A path, made absolute against the folder of the configuration file. */
export function path(resolve: (path: string) => string): z.ZodType<string, string> {
  return parsedText((text) =>
    text.trim() === "" || text.includes("\0")
      ? { problem: "expected a path, got an empty text" }
      : { value: resolve(text) },
  );
}

function within(value: number, range: Range): boolean {
  return value >= range.min && value <= range.max;
}

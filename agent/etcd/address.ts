/** Where a member is reached: etcd's URLs turned into what a socket needs, and which of its own URLs the agent uses. */
import { createInterned } from "../../shared/interned.ts";
import type { EtcdFlags } from "../discovery/discovered-etcd.ts";

export interface Address {
  /** A name or an IP address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** false: plain text. */
  readonly isTls: boolean;
}

/** The same few are asked for a dozen times a second. */
const known = createInterned(readAddress);

/** "https://10.0.0.2:2379" → Address; undefined for anything that is not an http or https URL. */
export function parseAddress(url: string): Address | undefined {
  return known(url);
}

function readAddress(url: string): Address | undefined {
  const match = /^(https?):\/\/(?:\[([^\]]+)\]|([^/:]+))(?::(\d{1,5}))?(?:\/.*)?$/i.exec(url.trim());
  if (match === null) {
    return undefined;
  }
  const isTls = match[1]?.toLowerCase() === "https";
  const port = match[4] === undefined ? (isTls ? 443 : 80) : Number(match[4]);
  return { host: match[2] ?? match[3] ?? "", port, isTls };
}

/** The first of the URLs that can be used. */
export function firstAddress(urls: readonly string[]): Address | undefined {
  for (const url of urls) {
    const address = parseAddress(url);
    if (address !== undefined) {
      return address;
    }
  }
  return undefined;
}

/** "10.0.0.2:2379", "[fd00::2]:2379" */
export function formatAddress(address: Address): string {
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/**
 * The own member's client address: the configured one, else a listening loopback address, else the first listening one.
 * A wildcard listens everywhere: then the advertised host, because the certificate is made for it, else loopback.
 */
export function findOwnClientAddress(
  endpoint: string | undefined,
  flags: EtcdFlags | undefined,
): Address | undefined {
  if (endpoint !== undefined) {
    return parseAddress(endpoint) ?? parseAddress(`https://${endpoint}`);
  }
  return flags === undefined ? undefined : findListening(flags.listenClientUrls, flags.advertiseClientUrls);
}

/** The address behind a list of listen URLs. */
export function findListening(
  listenUrls: readonly string[],
  advertisedUrls: readonly string[],
): Address | undefined {
  const listening = listenUrls.flatMap((url) => parseAddress(url) ?? []);
  const chosen = listening.find((address) => isLoopback(address.host)) ?? listening[0];
  if (chosen === undefined || !isWildcard(chosen.host)) {
    return chosen;
  }
  const advertised = advertisedUrls
    .flatMap((url) => parseAddress(url) ?? [])
    .find((address) => address.port === chosen.port && address.isTls === chosen.isTls);
  return { ...chosen, host: advertised?.host ?? (chosen.host === "::" ? "::1" : "127.0.0.1") };
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::" || host === "";
}

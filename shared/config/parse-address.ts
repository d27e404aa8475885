/** Network addresses as configuration has them: host:port, with IPv6 in brackets. */
import { isIP, isIPv4, isIPv6 } from "node:net";

export interface Address {
  /** Name or IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** "10.0.0.5:7443", "[::1]:7443" or "host.example:7443" → its parts; undefined for anything else. Port 0 to 65535. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const [, bracketed, plain, digits] = match ?? [];
  const port = Number(digits);
  const host = bracketed ?? plain ?? "";
  const hostIsValid = bracketed === undefined ? isHost(host) : isIPv6(bracketed);
  return match !== null && hostIsValid && port <= 65_535 ? { host, port } : undefined;
}

/** The inverse of parseAddress. */
export function formatAddress(address: Address): string {
  return isIPv6(address.host) ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** Whether the text is an IP address or could be a DNS name. */
export function isHost(text: string): boolean {
  if (isIP(text) !== 0) {
    return true;
  }
  // Four numbers that are no IP address are a typing mistake, never a name.
  const labels = /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?$/;
  return text.length <= 253 && labels.test(text) && !/^[\d.]+$/.test(text);
}

/** Whether only this machine can reach a listener on that host. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

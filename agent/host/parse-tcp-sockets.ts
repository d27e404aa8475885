/**
 * Finds the established connections with one peer in the text of /proc/PID/net/tcp or tcp6. Searches for the peer's
 * address as the kernel writes it, and parses the lines that hold it only: a node may have thousands of others.
 */

export interface TcpSocket {
  readonly inode: number;
  readonly localPort: number;
  readonly remotePort: number;
  /** Sent and not acknowledged, or not yet sent. */
  readonly sendQueueBytes: number;
  /** Timeouts in a row without an acknowledgement; 0 as soon as one comes. */
  readonly retransmits: number;
  /** What the kernel would wait for an acknowledgement: its estimate of the round trip, and 200 ms or more. */
  readonly retransmitTimeoutMs: number;
}

/** The kernel writes times in hundredths of a second, on every architecture. */
const TICK_MS = 10;

/** "10.0.0.2" → the forms that tcp and tcp6 have for it; undefined for what is not an IP address. */
export function kernelAddresses(ip: string): readonly string[] | undefined {
  const v4 = /^(?:::ffff:)?(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/i.exec(ip);
  if (v4 !== null) {
    const little = [v4[4], v4[3], v4[2], v4[1]].map((part) => hex(Number(part), 2)).join("");
    // A listener on both families shows IPv4 in the table of IPv6.
    return [little, `0000000000000000FFFF0000${little}`];
  }
  const groups = parseIpv6(ip);
  if (groups === undefined) {
    return undefined;
  }
  let text = "";
  for (let word = 0; word < 8; word += 2) {
    const high = groups[word] ?? 0;
    const low = groups[word + 1] ?? 0;
    text += hex(low & 0xff, 2) + hex(low >> 8, 2) + hex(high & 0xff, 2) + hex(high >> 8, 2);
  }
  return [text];
}

export interface SocketQuery {
  /** From kernelAddresses. */
  readonly remote: readonly string[];
  /** Connections to this port of the peer, */
  readonly remotePort: number;
  /** and connections from the peer to this port of ours; undefined: those are not asked for. */
  readonly localPort: number | undefined;
}

/** `text` is a whole table, or several one after the other. */
export function findEstablished(text: string, query: SocketQuery): readonly TcpSocket[] {
  const remotePort = hex(query.remotePort, 4);
  const localPort = query.localPort === undefined ? undefined : hex(query.localPort, 4);
  const found: TcpSocket[] = [];
  for (const address of query.remote) {
    const pattern = ` ${address}:`;
    // "LOCAL:PORT REMOTE:PORT 01 …": the pattern can also meet a local address, whose port is not followed by a state.
    for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + pattern.length)) {
      const port = at + pattern.length;
      if (!text.startsWith(" 01 ", port + 4)) {
        continue;
      }
      if (
        text.startsWith(remotePort, port) ||
        (localPort !== undefined && text.startsWith(localPort, at - 4))
      ) {
        found.push(parseLine(text, at, port));
      }
    }
  }
  return found;
}

function parseLine(text: string, at: number, port: number): TcpSocket {
  const end = text.indexOf("\n", port);
  // After the state: tx:rx timer:when retransmits uid timeout inode references address rto
  const fields = text
    .slice(port + 8, end < 0 ? undefined : end)
    .trim()
    .split(/ +/, 9);
  return {
    localPort: Number.parseInt(text.slice(at - 4, at), 16),
    remotePort: Number.parseInt(text.slice(port, port + 4), 16),
    sendQueueBytes: Number.parseInt(fields[0] ?? "0", 16),
    retransmits: Number.parseInt(fields[2] ?? "0", 16),
    inode: Number(fields[5] ?? 0),
    retransmitTimeoutMs: Number(fields[8] ?? 0) * TICK_MS,
  };
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}

function parseIpv6(ip: string): readonly number[] | undefined {
  const bare = ip.replace(/%.*$/, "");
  if (!/^[0-9a-f:]+$/i.test(bare) || !bare.includes(":")) {
    return undefined;
  }
  const [head = "", tail, ...rest] = bare.split("::");
  const left = splitGroups(head);
  const right = splitGroups(tail ?? "");
  const missing = 8 - left.length - right.length;
  if (rest.length > 0 || (tail === undefined ? missing !== 0 : missing < 0)) {
    return undefined;
  }
  return [...left, ...Array.from({ length: tail === undefined ? 0 : missing }, () => 0), ...right];
}

function splitGroups(text: string): readonly number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}

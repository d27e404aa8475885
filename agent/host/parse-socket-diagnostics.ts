/** Parses what `ss -tineH state established` prints: two lines a connection, its ends and then what TCP keeps of it. */

export interface DiagnosedSocket {
  readonly inode: number;
  readonly localPort: number;
  /** Without brackets and zone; of IPv4 also where the socket is one of IPv6. */
  readonly remoteIp: string;
  readonly remotePort: number;
  readonly sendQueueBytes: number;
  /** Smoothed, its deviation, and the least ever seen; undefined: nothing was measured. */
  readonly roundTripUs: number | undefined;
  readonly deviationUs: number | undefined;
  readonly leastRoundTripUs: number | undefined;
  /** Timeouts in a row without an acknowledgement. */
  readonly timeouts: number;
  /** Segments in flight. */
  readonly unacknowledged: number;
  /** Segments sent again since it was made. */
  readonly resent: number;
  /** Segments with data sent since it was made; 0 where that is not told. */
  readonly sent: number;
  readonly sinceSentMs: number;
  readonly sinceReceivedMs: number;
  readonly sinceAcknowledgedMs: number;
}

/** With or without the state before it, which ss leaves out where only one is asked for. */
const ENDS = /^(?:[A-Z][A-Z0-9-]*\s+)?\d+\s+(\d+)\s+\S+:(\d+)\s+(\S+):(\d+)(?:\s|$)/;

export function parseSocketDiagnostics(text: string): readonly DiagnosedSocket[] {
  const found: DiagnosedSocket[] = [];
  let ends = "";
  // The second line begins with a tab; newer versions may print both as one.
  for (const line of text.split("\n")) {
    if (/^\s/.test(line)) {
      push(found, ends, line);
      ends = "";
    } else {
      push(found, ends, "");
      ends = line;
    }
  }
  push(found, ends, "");
  return found;
}

function push(found: DiagnosedSocket[], ends: string, more: string): void {
  const match = ENDS.exec(ends);
  const rest = ends + more;
  const inode = findNumber(rest, "ino");
  if (match === null || inode === undefined) {
    return;
  }
  const [, queue, localPort, remote = "", remotePort] = match;
  const trip = / rtt:([\d.]+)\/([\d.]+)/.exec(rest);
  const again = / retrans:(\d+)\/(\d+)/.exec(rest);
  // "timer:(on,1.2sec,3)" counts the timeouts in a row; with a timer of another kind the count is of that.
  const timer = / timer:\(on,[^,]*,(\d+)\)/.exec(rest);
  found.push({
    inode,
    localPort: Number(localPort),
    remoteIp: plainIp(remote),
    remotePort: Number(remotePort),
    sendQueueBytes: Number(queue),
    roundTripUs: toMicros(trip?.[1]),
    deviationUs: toMicros(trip?.[2]),
    leastRoundTripUs: toMicros(/ minrtt:([\d.]+)/.exec(rest)?.[1]),
    timeouts: Number(timer?.[1] ?? 0),
    unacknowledged: findNumber(rest, "unacked") ?? 0,
    resent: Number(again?.[2] ?? 0),
    sent: findNumber(rest, "data_segs_out") ?? 0,
    sinceSentMs: findNumber(rest, "lastsnd") ?? 0,
    sinceReceivedMs: findNumber(rest, "lastrcv") ?? 0,
    sinceAcknowledgedMs: findNumber(rest, "lastack") ?? 0,
  });
}

function findNumber(text: string, name: string): number | undefined {
  const found = new RegExp(`\\s${name}:(\\d+)`).exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

function toMicros(ms: string | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(Number(ms) * 1000);
}

/** "[::ffff:10.0.0.2]" → "10.0.0.2", "[fe80::2]%eth0" → "fe80::2". */
function plainIp(shown: string): string {
  return shown
    .replace(/%.*$/, "")
    .replace(/^\[|\]$/g, "")
    .replace(/^::ffff:(?=\d+\.)/i, "");
}

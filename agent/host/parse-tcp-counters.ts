/** Counts of the TCP of a network namespace, from the texts of /proc/PID/net/snmp and /proc/PID/net/netstat: they cost nothing to read. */

export interface TcpCounters {
  /** Segments sent for the first time since the namespace was made. */
  readonly sent: number | undefined;
  /** Segments sent again since the namespace was made. */
  readonly retransmits: number | undefined;
}

/** A count that the text does not have is undefined. */
export function parseTcpCounters(text: string): TcpCounters {
  const names = text.indexOf("Tcp: Rto");
  const values = names < 0 ? -1 : text.indexOf("\nTcp: ", names);
  if (values < 0) {
    return { sent: undefined, retransmits: undefined };
  }
  const end = text.indexOf("\n", values + 1);
  const head = text.slice(names, values).split(" ");
  const row = text.slice(values + 1, end < 0 ? undefined : end).split(" ");
  return {
    sent: find(head.indexOf("OutSegs"), row),
    retransmits: find(head.indexOf("RetransSegs"), row),
  };
}

/**
 * Segments that were lost between others that arrived, from the text of /proc/PID/net/netstat: sent again since later ones were
 * acknowledged, or the last of what was under way and missed indeed when it was sent once more before its timeout. In a cut, where
 * nothing is acknowledged, the count stands still. undefined: the text does not have it.
 */
export function parseTcpHoles(text: string): number | undefined {
  const [head = [], row = []] = text
    .split("\n")
    .filter((line) => line.startsWith("TcpExt: "))
    .map((line) => line.split(" "));
  const fast = find(head.indexOf("TCPFastRetrans"), row);
  const probed = find(head.indexOf("TCPLossProbeRecovery"), row);
  return fast === undefined || probed === undefined ? undefined : fast + probed;
}

function find(index: number, row: readonly string[]): number | undefined {
  const value = index < 0 ? undefined : row[index];
  return value === undefined ? undefined : Number(value);
}

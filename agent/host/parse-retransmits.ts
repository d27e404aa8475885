/** The count of retransmitted TCP segments of a network namespace, from the text of /proc/PID/net/snmp. */

/** undefined: the text has no such count. */
export function parseRetransmits(text: string): number | undefined {
  const names = text.indexOf("Tcp: Rto");
  const values = names < 0 ? -1 : text.indexOf("\nTcp: ", names);
  if (values < 0) {
    return undefined;
  }
  const index = text.slice(names, values).split(" ").indexOf("RetransSegs");
  const end = text.indexOf("\n", values + 1);
  const value = text.slice(values + 1, end < 0 ? undefined : end).split(" ")[index];
  return index < 0 || value === undefined ? undefined : Number(value);
}

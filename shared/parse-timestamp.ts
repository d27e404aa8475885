/** RFC 3339 in and out: what the API and the commands accept and give as a time. */

/**
 * "2026-11-22T03:12:09.123Z" or with an offset → milliseconds since 1970 UTC; undefined for anything that is not a
 * complete RFC 3339 time of the years 1970 to 9999. Digits below a millisecond are cut off.
 */
export function parseTimestampMs(text: string): number | undefined {
  const match =
    /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|([+-])(\d{2}):(\d{2}))$/.exec(text);
  if (match === null) {
    return undefined;
  }
  const [, date, time, fraction = "", , sign, offsetHours = "0", offsetMinutes = "0"] = match;
  const local = `${date}T${time}.${fraction.slice(0, 3).padEnd(3, "0")}Z`;
  const localMs = Date.parse(local);
  // Date.parse turns 30 February into 2 March; what comes back must be what went in.
  if (Number.isNaN(localMs) || formatTimestamp(localMs) !== local) {
    return undefined;
  }
  if (Number(offsetHours) > 23 || Number(offsetMinutes) > 59) {
    return undefined;
  }
  const offsetMs = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000;
  const atMs = localMs - (sign === "-" ? -offsetMs : offsetMs);
  return atMs >= 0 ? atMs : undefined;
}

/** Milliseconds since 1970 UTC → "2026-11-22T03:12:09.123Z". */
export function formatTimestamp(atMs: number): string {
  return new Date(atMs).toISOString();
}

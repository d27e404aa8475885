/** The times that logs carry, in all the forms that wrappings and etcd itself use. Pure. */

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const ISO = /^(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?(Z|[+-]\d\d:?\d\d)?/;
const SYSLOG = /^([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.(\d+))?/;

/**
 * Milliseconds since 1970; undefined where there is no time. What has no zone is taken as UTC: the log does not say more.
 * A syslog time has no year either: `nowMs` gives it, so that it is not in the future.
 */
export function parseLineTimeMs(text: string, nowMs: number): number | undefined {
  if (/^\d{16}$/.test(text)) {
    return Math.floor(Number(text) / 1000);
  }
  const iso = ISO.exec(text);
  if (iso !== null) {
    const [, year, month, day, hour, minute, second, fraction = "", zone = "Z"] = iso;
    const utcMs = Date.UTC(
      Number(year),
      Number(month) - 1,
      Number(day),
      Number(hour),
      Number(minute),
      Number(second),
      Number(fraction.slice(0, 3).padEnd(3, "0")),
    );
    return utcMs - zoneMs(zone);
  }
  const syslog = SYSLOG.exec(text);
  if (syslog === null) {
    return undefined;
  }
  const month = MONTHS.indexOf(syslog[1] ?? "");
  const [day, hour, minute, second] = syslog.slice(2, 6).map(Number);
  const year = new Date(nowMs).getUTCFullYear();
  const milliseconds = Number((syslog[6] ?? "").slice(0, 3).padEnd(3, "0"));
  const thisYearMs = Date.UTC(year, month, day, hour, minute, second, milliseconds);
  const DAY_MS = 86_400_000;
  return thisYearMs > nowMs + DAY_MS
    ? Date.UTC(year - 1, month, day, hour, minute, second, milliseconds)
    : thisYearMs;
}

function zoneMs(zone: string): number {
  if (zone === "Z") {
    return 0;
  }
  const sign = zone.startsWith("-") ? -1 : 1;
  const digits = zone.slice(1).replace(":", "");
  return sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2, 4))) * 60_000;
}

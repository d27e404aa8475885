/** Moments as somebody reads them: in the browser's own zone, which the time bar names. */

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** "03:12:09" */
export function formatClock(atMs: number): string {
  const date = new Date(atMs);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** "11-22 03:12:09"; of the same day as `nowMs` only the clock. */
export function formatMoment(atMs: number, nowMs: number): string {
  const day = formatDay(atMs);
  return day === formatDay(nowMs) ? formatClock(atMs) : `${day.slice(5)} ${formatClock(atMs)}`;
}

/** "2026-11-22" */
export function formatDay(atMs: number): string {
  const date = new Date(atMs);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** "UTC+8", "UTC-3:30", "UTC" */
export function formatZone(atMs: number): string {
  const minutes = -new Date(atMs).getTimezoneOffset();
  if (minutes === 0) {
    return "UTC";
  }
  const size = Math.abs(minutes);
  const rest = size % 60 === 0 ? "" : `:${two(size % 60)}`;
  return `UTC${minutes < 0 ? "-" : "+"}${Math.floor(size / 60)}${rest}`;
}

/** Where somebody is in the console, as the part of the address after "#": a link keeps the page, its choices and the moment. */
export interface Route {
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

export const CLUSTER_VIEWS = [
  "overview",
  "trends",
  "incidents",
  "checks",
  "connectivity",
  "certificates",
  "config",
  "backups",
  "runbooks",
] as const;

export type ClusterView = (typeof CLUSTER_VIEWS)[number];

/** "#/clusters/prod-a/trends?at=2026-11-22T03:12:09Z"; what cannot be read is the first page. */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const parts = path.split("/").filter((part) => part !== "");
  return {
    path: parts.map(decode),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

/** The other way round; entries that are undefined are left out. */
export function formatRoute(
  path: readonly string[],
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  // Colons are legal here, and times are read by people.
  const search = new URLSearchParams(given).toString().replaceAll("%3A", ":");
  return `#/${path.map(encodeURIComponent).join("/")}${search === "" ? "" : `?${search}`}`;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Where Docker keeps what it knows, also with a data directory of the operator's choice. */
import { posix } from "node:path";
import { fieldOf, parseJson, textOf } from "./json-fields.ts";

export const DOCKER_ROOT = "/var/lib/docker";
const SETTINGS = "/etc/docker/daemon.json";

/** `read` gives undefined for a file that is not there. */
export async function findDockerRoot(read: (path: string) => Promise<string | undefined>): Promise<string> {
  return parseDataRoot((await read(SETTINGS)) ?? "") ?? DOCKER_ROOT;
}

export function dockerFolder(root: string): string {
  return posix.join(root, "containers");
}

/** What Docker writes down of a container. */
export function dockerRecord(root: string, id: string): string {
  return posix.join(dockerFolder(root), id, "config.v2.json");
}

/** What it was started with, beside the record. */
export function dockerSettings(root: string, id: string): string {
  return posix.join(dockerFolder(root), id, "hostconfig.json");
}

/** By its name: "json-file", "journald", "local", …; undefined: they name none. */
export function parseLogDriver(settings: string): string | undefined {
  return textOf(fieldOf(fieldOf(parseJson(settings), "LogConfig"), "Type"));
}

/** undefined: the settings name none. "graph" is its old name. */
export function parseDataRoot(text: string): string | undefined {
  try {
    const settings = JSON.parse(text) as Record<string, unknown> | null;
    const given = settings?.["data-root"] ?? settings?.["graph"];
    return typeof given === "string" && posix.isAbsolute(given) ? posix.normalize(given) : undefined;
  } catch {
    // Docker would not start with it either.
    return undefined;
  }
}

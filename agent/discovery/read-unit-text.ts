/** A systemd unit's text with its drop-ins, as systemd puts them together, without asking systemd. */
import { posix } from "node:path";
import type { HostDoor } from "../host/host-door.ts";

export interface UnitText {
  /** Of the unit itself. */
  readonly path: string;
  /** The unit's, and behind it those of its drop-ins in the order in which they count. */
  readonly text: string;
}

export interface UnitFiles {
  readonly host: Pick<HostDoor, "listDirectory">;
  readonly signal: AbortSignal;
  /** undefined: not there, or not ours to read. */
  readonly read: (path: string) => Promise<string | undefined>;
}

/** What an administrator wrote goes before what a package brought; only the first one that is there counts. */
const FOLDERS = [
  "/etc/systemd/system",
  "/run/systemd/system",
  "/usr/local/lib/systemd/system",
  "/usr/lib/systemd/system",
  "/lib/systemd/system",
];
/** Far more than anybody has. */
const MAX_DROP_INS = 32;

/** undefined: there is no such unit. */
export async function readUnitText(unit: string, files: UnitFiles): Promise<UnitText | undefined> {
  for (const folder of FOLDERS) {
    const path = posix.join(folder, unit);
    const text = await files.read(path);
    if (text !== undefined) {
      return { path, text: [text, ...(await readDropIns(unit, files))].join("\n") };
    }
  }
  return undefined;
}

/** By their names, whichever folder they are in; of one name, that of the first folder. */
async function readDropIns(unit: string, { host, signal, read }: UnitFiles): Promise<readonly string[]> {
  const paths = new Map<string, string>();
  for (const folder of FOLDERS) {
    const dropIns = posix.join(folder, `${unit}.d`);
    for (const name of await listOrNone(dropIns, { host, signal })) {
      if (name.endsWith(".conf") && !paths.has(name)) {
        paths.set(name, posix.join(dropIns, name));
      }
    }
  }
  const sorted = [...paths].sort(([one], [other]) => (one < other ? -1 : 1)).slice(0, MAX_DROP_INS);
  const texts: string[] = [];
  for (const [, path] of sorted) {
    texts.push((await read(path)) ?? "");
  }
  return texts;
}

async function listOrNone(
  path: string,
  { host, signal }: Pick<UnitFiles, "host" | "signal">,
): Promise<readonly string[]> {
  try {
    return await host.listDirectory(path, signal);
  } catch {
    return [];
  }
}

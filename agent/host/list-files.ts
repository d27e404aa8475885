/** The regular files of a directory and of the directories in it, with their facts; bounded, because anything may lie there. */
import { readdir } from "node:fs/promises";
import { posix } from "node:path";
import type { FileFacts } from "./host-door.ts";

export interface ListedFile extends FileFacts {
  /** Below the directory that was asked for. */
  readonly name: string;
}

/** More files than these are not looked at. */
const MAX_FILES = 2000;
const MAX_DIRECTORIES = 100;

export async function listFiles(
  directory: string,
  toFacts: (path: string) => Promise<FileFacts>,
): Promise<readonly ListedFile[]> {
  const files: ListedFile[] = [];
  const inner: string[] = [];
  const top = await readdir(directory, { withFileTypes: true });
  for (const entry of top) {
    if (entry.isDirectory() && inner.length < MAX_DIRECTORIES) {
      inner.push(entry.name);
    } else {
      await add(entry.name);
    }
  }
  for (const name of inner) {
    for (const entry of await readdir(posix.join(directory, name)).catch(() => [])) {
      await add(posix.join(name, entry));
    }
  }
  return files;

  async function add(name: string): Promise<void> {
    if (files.length >= MAX_FILES) {
      return;
    }
    const path = posix.join(directory, name);
    // One that goes between the list and the look is not there; a link that leads nowhere is no file.
    const facts = await toFacts(path).catch(() => undefined);
    if (facts?.kind === "file") {
      files.push({ name, ...facts });
    }
  }
}

/** One folder a run, named for its owner's pid, so that what a killed run left (mounts, files) is found and cleaned by the next. */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CACHE_DIR } from "./debian-tool.ts";
import { isAlive } from "./file-lock.ts";
import { runCommand } from "./run-command.ts";

/** Mount points below the folder, deepest first. */
export function findMountsBelow(folder: string): readonly string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => (line.split(" ")[4] ?? "").replaceAll("\\040", " "))
    .filter((mountPoint) => mountPoint.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length);
}

/** Unmounts everything below the folder and removes it; true when nothing is left. */
export async function removeFolderWithMounts(folder: string): Promise<boolean> {
  for (const mountPoint of findMountsBelow(folder)) {
    const unmount = await runCommand(["umount", mountPoint]);
    if (!unmount.ok) {
      await runCommand(["umount", "--lazy", mountPoint]);
    }
  }
  if (findMountsBelow(folder).length > 0) {
    return false;
  }
  rmSync(folder, { recursive: true, force: true });
  return true;
}

/** A fresh folder .cache/lab/run-PID-XXXXXX; folders of runs whose process is gone are removed first. */
export async function createRunFolder(): Promise<string> {
  const parent = join(CACHE_DIR, "lab");
  mkdirSync(parent, { recursive: true });
  for (const name of readdirSync(parent)) {
    const owner = Number(/^run-(\d+)-/.exec(name)?.[1] ?? 0);
    if (owner > 0 && !isAlive(owner)) {
      await removeFolderWithMounts(join(parent, name));
    }
  }
  return mkdtempSync(join(parent, `run-${process.pid}-`));
}

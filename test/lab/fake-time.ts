/** A wall clock of its own for a process and whatever it starts, set while it runs (libfaketime of Debian); the monotonic one goes on. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Unavailable } from "./availability.ts";
import { ensureDebianTool } from "./debian-tool.ts";

export interface FakeTime {
  readonly kind: "available";
  readonly env: NodeJS.ProcessEnv;
  /** From now on the process' clock differs by so much from the machine's. */
  setBy(seconds: number): void;
}

const LIBRARY = "usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

export async function createFakeTime(dir: string, name: string): Promise<FakeTime | Unavailable> {
  const found = await ensureDebianTool({
    suite: "bookworm",
    packages: ["libfaketime"],
    files: [LIBRARY],
    folder: "libfaketime",
  });
  if (found.kind === "unavailable") {
    return found;
  }
  const path = join(dir, `${name}.time`);
  function setBy(seconds: number): void {
    writeFileSync(path, `${seconds < 0 ? "" : "+"}${seconds}`);
  }
  setBy(0);
  return {
    kind: "available",
    env: {
      ...process.env,
      LD_PRELOAD: found.paths[0],
      FAKETIME_TIMESTAMP_FILE: path,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
    setBy,
  };
}

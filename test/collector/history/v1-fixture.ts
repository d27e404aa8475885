/** The history that schema 1 wrote, copied so that a test may change it. */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface FixtureCopy {
  readonly path: string;
  remove(): void;
}

/** Of the frames in it, by capture. */
export const FIXTURE = { frames: 390, samples: 7460, nodes: ["m1", "m2", "m3"] } as const;

export function copyFixture(): FixtureCopy {
  const folder = mkdtempSync(join(tmpdir(), "etcdscope-fixture-"));
  const path = join(folder, "history.db");
  copyFileSync(join(import.meta.dirname, "../../fixture/history/v1.db"), path);
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

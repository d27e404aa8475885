/** The histories that earlier schemas wrote, copied so that a test may change them. */
import Database from "better-sqlite3";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MIGRATIONS } from "../../../collector/history/schema.ts";

export interface FixtureCopy {
  readonly path: string;
  remove(): void;
}

/** Of the frames in it, by capture. */
export const FIXTURE = { frames: 390, samples: 7460, nodes: ["m1", "m2", "m3"] } as const;

/** Those that a collector of that time wrote. */
const RECORDED = [5, 4, 1] as const;

/** Of any schema that was released: the newest file recorded until then, brought to it by the migrations of that time. */
export function copySchema(version: number): FixtureCopy {
  const recorded = RECORDED.find((one) => one <= version);
  const copy = copyFixture(recorded);
  const db = new Database(copy.path);
  for (let next = recorded ?? 1; next < version; next += 1) {
    db.exec(MIGRATIONS[next] ?? "");
    db.pragma(`user_version = ${next + 1}`);
  }
  db.close();
  return copy;
}

/**
 * Version 4 holds the same frames, those of two nodes compacted into blocks. Version 5 as well, and the same frames one and two
 * days earlier, of which roll-ups are left.
 */
export function copyFixture(version: 1 | 4 | 5 = 1): FixtureCopy {
  const folder = mkdtempSync(join(tmpdir(), "etcdscope-fixture-"));
  const path = join(folder, "history.db");
  copyFileSync(join(import.meta.dirname, `../../fixture/history/v${version}.db`), path);
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

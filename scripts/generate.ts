/** Writes shared/gen/ anew from proto/, as buf.gen.yaml says. */

import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const bin = join(root, "node_modules/.bin");
const buf = spawnSync(join(bin, "buf"), ["generate"], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, PATH: `${bin}:${process.env["PATH"] ?? ""}` },
});
if (buf.error !== undefined) {
  console.error(`buf could not be started: ${buf.error.message}`);
}
process.exitCode = buf.status ?? 1;

/** Writes shared/gen/ anew from proto/, as buf.gen.yaml says, and docs/PROBES.md and docs/FINDINGS*.md from the registries. */

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
// Only now: the agent's code imports what has just been written.
const pages = ["scripts/probes-page.ts", "scripts/findings-page.ts"].map((script) =>
  spawnSync(process.execPath, [join(root, script)], { cwd: root, stdio: "inherit" }),
);
process.exitCode = buf.status || pages.find(({ status }) => status !== 0)?.status || 0;

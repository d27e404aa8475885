/**
 * `npm run fuzz -- --inputs 1000000 [--seed N]`: the long form of fuzz.test.ts. Prints what came of it and keeps what broke something in
 * .cache/fuzz; ends with 1 when anything did.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runFuzz } from "./run-fuzz.ts";

const { values } = parseArgs({
  options: { inputs: { type: "string", default: "1000000" }, seed: { type: "string", default: "1" } },
});
for (const [name, text] of Object.entries(values)) {
  if (!/^[1-9]\d{0,9}$/.test(text)) {
    console.error(`Expected a number for --${name}, got "${text}"`);
    process.exit(2);
  }
}

const beganMs = performance.now();
const report = await runFuzz({
  inputs: Number(values.inputs),
  seed: Number(values.seed),
  onProgress: (done) => {
    if (done % 100_000 === 0) {
      console.log(`${done} inputs, ${Math.round((performance.now() - beganMs) / 1000)} s`);
    }
  },
});
const folder = join(import.meta.dirname, "../../.cache/fuzz");
mkdirSync(folder, { recursive: true });
for (const { target, seed, input, error } of report.crashes) {
  const file = join(folder, `${target.replaceAll(/\W+/g, "-")}-${seed}.bin`);
  writeFileSync(file, input);
  console.log(`CRASH ${target}, seed ${seed}, kept as ${file}`);
  console.log(error instanceof Error ? error.stack : String(error));
}
const { longest } = report;
console.log(`inputs          ${report.inputs}`);
console.log(`crashes         ${report.crashes.length}`);
console.log(`longest input   ${longest.ms.toFixed(1)} ms of CPU (${longest.target}, seed ${longest.seed})`);
console.log(
  `heap            ${(report.grownBytes / 1024 / 1024).toFixed(1)} MiB more at the end than at a tenth`,
);
for (const [target, count] of report.byTarget) {
  console.log(`  ${target.padEnd(46)}${count}`);
}
process.exitCode = report.crashes.length === 0 ? 0 : 1;

/**
 * `npm run test:soak [-- --minutes 30 --agents 500 --seed N]`: a collector and hundreds of agents under kills, cuts and floods. Prints
 * what was done and what came of it; ends with 1 when something acknowledged is missing, something is there twice, the collector
 * ended by itself, it holds more files or threads than before, or its memory grows.
 */
import { parseArgs } from "node:util";
import { describeMachine } from "../bench/benchmark.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { printReport } from "./print-report.ts";
import { runSoak } from "./run-soak.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    agents: { type: "string", default: "500" },
    seed: { type: "string", default: "1" },
  },
});
for (const [name, text] of Object.entries(values)) {
  if (!/^\d{1,6}(\.\d{1,3})?$/.test(text) || Number(text) <= 0) {
    console.error(`Expected a number for --${name}, got "${text}"`);
    process.exit(2);
  }
}
const options = {
  minutes: Number(values.minutes),
  agents: Math.ceil(Number(values.agents)),
  seed: Number(values.seed),
};

console.log(`machine    ${describeMachine()}\nat         ${new Date().toISOString()}`);
console.log(`soak       ${options.minutes} minutes, ${options.agents} agents, seed ${options.seed}\n`);
const dir = await createRunFolder();
try {
  const report = await runSoak({ ...options, dir, log: (line) => console.log(`  ${line}`) });
  printReport(report, (line) => console.log(line));
  process.exitCode = report.failures.length === 0 ? 0 : 1;
} catch (error) {
  console.log(`FAILED     ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  process.exitCode = 1;
} finally {
  await removeFolderWithMounts(dir);
}

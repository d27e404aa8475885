import { createHarness } from "../collector/ingest/harness.ts";
import { agentName, createAuthority, issue } from "../collector/ingest/test-pki.ts";
import { createRandom } from "../fuzz/mutate.ts";
import { AGENT, readSamples } from "../fuzz/samples.ts";
import { sendGarbage } from "./send-garbage.ts";
import { createTally } from "./tally.ts";
const harness = await createHarness();
const samples = await readSamples();
const names = agentName(AGENT.cluster, AGENT.node);
const garbage = { hellos: samples.hello, frames: samples.stream, certified: await harness.issue({ name: "garbage", names }), foreign: await issue(await createAuthority(harness.folder + "/o"), { name: "garbage", names }) };
const tally = createTally();
for (let i = 0; i < 6; i += 1) {
  const b = performance.now();
  await Promise.all(Array.from({ length: 3 }, (_, j) => sendGarbage({ port: harness.port, garbage, random: createRandom(i * 100 + j), tally }).catch((e) => console.log(String(e)))));
  console.log(i, Math.round(performance.now() - b));
}
console.log(tally.entries(), harness.ingest.counters.connections, harness.log.lines.filter((l) => l.level !== "info").slice(-12).map((l) => JSON.stringify(l)).join("\n"));
await harness.stop();
process.exit(0);

/** Writes docs/PROBES.md from the registry of probes; --check tells whether it is what would be written. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { format, resolveConfig } from "prettier";
import type { AgentConfig } from "../agent/config.ts";
import { createLineLog } from "../agent/line-log.ts";
import { createDiscoveryProbe } from "../agent/probe/discovery.ts";
import type { Probe } from "../agent/probe/probe.ts";
import { PROBE_FACTORIES } from "../agent/probe/registry.ts";
import { systemClock } from "../shared/clock.ts";
import { PROBE_NOTES } from "./probe-notes.ts";

const PAGE = join(import.meta.dirname, "../docs/PROBES.md");
const CADENCES = { fast: "1 s", normal: "10 s", slow: "60 s" } as const;

const HEAD = `# Probes

What the agent reads on a node, how often, what that costs, and what it needs. Written by \`npm run generate\` from the
registry of probes (\`agent/probe/registry.ts\`): do not edit.

Every probe only reads (the fsync probe writes and removes its own file), has a time limit, and never delays another. The
intervals are the defaults of \`intervals.fast\`, \`normal\` and \`slow\`; a probe looks at once when what it saw has changed.

| probe | every | limit | reads | costs | needs |
| ----- | ----- | ----- | ----- | ----- | ----- |
`;

/** The defaults; nothing is read or opened to describe a probe. */
const CONFIG: AgentConfig = {
  cluster: "",
  node: "",
  collectors: [],
  tls: { ca: "", cert: "", key: "" },
  etcd: { name: undefined, dataDir: undefined, endpoint: undefined, tls: undefined, logs: "off" },
  peers: {},
  backups: undefined,
  intervals: { fastMs: 1000, normalMs: 10_000, slowMs: 60_000 },
  fsyncProbe: { enabled: true, intervalMs: 5000 },
  spool: { dir: "", maxBytes: 0, maxAgeMs: 0 },
  log: { level: "info" },
};

const SILENT = () => undefined;

export function listProbes(): readonly Probe[] {
  const log = createLineLog({ name: "probes-page", level: "fatal", clock: systemClock });
  const discovery = createDiscoveryProbe({ refresh: SILENT });
  return [discovery, ...PROBE_FACTORIES.map((factory) => factory({ config: CONFIG, log }))];
}

/** Throws for a probe without a note. */
export async function renderProbesPage(): Promise<string> {
  const rows = listProbes().map((probe) => {
    const note = PROBE_NOTES[probe.name];
    if (note === undefined) {
      throw new Error(`Expected a note on the probe ${probe.name} in scripts/probe-notes.ts`);
    }
    const own = probe.timing?.();
    const every = own === undefined ? CADENCES[probe.cadence] : `${own.intervalMs / 1000} s`;
    const limit = `${probe.timeLimitMs / 1000} s`;
    return `| \`${probe.name}\` | ${every} | ${limit} | ${note.reads} | ${note.costs} | ${note.needs} |\n`;
  });
  const config = (await resolveConfig(PAGE)) ?? {};
  return await format(HEAD + rows.join(""), { ...config, parser: "markdown" });
}

export async function isProbesPageFresh(): Promise<boolean> {
  return readFileSync(PAGE, "utf8") === (await renderProbesPage());
}

if (import.meta.main) {
  if (process.argv.includes("--check")) {
    process.exitCode = (await isProbesPageFresh()) ? 0 : 1;
  } else {
    mkdirSync(dirname(PAGE), { recursive: true });
    writeFileSync(PAGE, await renderProbesPage());
  }
}

/**
 * `npm run lab`: breaks a real cluster in every way that the lab knows, and tells how the product judged each.
 * `-- --only NAME,…`, `--version 3.4|3.5`, `--short` (the ten of CI), `--json FILE` (the results, added to what is there),
 * `--prometheus MINUTES` (each fault is kept for so long beside Prometheus with etcd's own alert rules), `--at-once N` (so many
 * faults at a time, each on a cluster of its own: for faults that mostly wait, as times are those of a machine that is shared),
 * `--soak MINUTES` (nothing is broken: a healthy cluster under load and maintenance, of which nothing bad may be said).
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { systemClock } from "../../shared/clock.ts";
import { describeMachine } from "../bench/benchmark.ts";
import type { EtcdVersion } from "./etcd-binaries.ts";
import type { Fault } from "./fault.ts";
import { FAULTS } from "./faults/registry.ts";
import { renderTable, score } from "./fault-report.ts";
import type { FaultRun } from "./run-fault.ts";
import { soak } from "./soak.ts";
import { createWard, runOne, type Ward } from "./ward.ts";

const USAGE = `usage: npm run lab [-- --only NAME,… | --version 3.4|3.5 | --short | --soak MINUTES | --prometheus MINUTES | --at-once N | --list | --json FILE]`;
interface Wanted {
  readonly versions: readonly EtcdVersion[];
  readonly faults: readonly Fault[];
  readonly json: string | undefined;
  /** Minutes; undefined: faults are run. */
  readonly soak: number | undefined;
  /** Minutes for which each fault is kept beside Prometheus; undefined: without it. */
  readonly beside: number | undefined;
  readonly atOnce: number;
}

function readArguments(): Wanted {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      version: { type: "string" },
      short: { type: "boolean" },
      list: { type: "boolean" },
      json: { type: "string" },
      soak: { type: "string" },
      prometheus: { type: "string" },
      "at-once": { type: "string" },
    },
  });
  if (values.list === true) {
    FAULTS.forEach(({ name, isShort }) => console.log(`${name}${isShort === true ? "  (short)" : ""}`));
    process.exit(0);
  }
  const names = values.only?.split(",");
  const unknown = names?.find((name) => !FAULTS.some((fault) => fault.name === name));
  const { version } = values;
  for (const name of ["soak", "prometheus", "at-once"] as const) {
    const text = values[name];
    if (text !== undefined && !/^[1-9]\d{0,3}$/.test(text)) {
      throw new Error(`Expected a whole number above 0 for --${name}, got "${text}"\n${USAGE}`);
    }
  }
  if (unknown !== undefined || (version !== undefined && version !== "3.4" && version !== "3.5")) {
    throw new Error(
      `${unknown === undefined ? `No etcd ${version ?? ""}` : `No fault "${unknown}"`} in the lab\n${USAGE}`,
    );
  }
  const faults = FAULTS.filter(
    ({ name, isShort }) => (names?.includes(name) ?? true) && (values.short !== true || isShort === true),
  );
  return {
    versions: version === undefined ? (values.short === true ? ["3.5"] : ["3.5", "3.4"]) : [version],
    faults,
    json: values.json,
    soak: values.soak === undefined ? undefined : Number(values.soak),
    beside: values.prometheus === undefined ? undefined : Number(values.prometheus),
    atOnce: Number(values["at-once"] ?? 1),
  };
}

function keep(file: string, runs: readonly FaultRun[]): void {
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as readonly FaultRun[]) : [];
  const isNew = (old: FaultRun): boolean =>
    runs.some(({ fault, version }) => fault === old.fault && version === old.version);
  writeFileSync(file, `${JSON.stringify([...before.filter((old) => !isNew(old)), ...runs], null, 2)}\n`);
}

async function runSoak(minutes: number, version: EtcdVersion): Promise<number> {
  const ward = createWard(version, "kubernetes");
  try {
    const on = await ward.admit({});
    const startMs = systemClock.monotonicUs() / 1000;
    const result = await soak(on, minutes, (line) => {
      const atMinute = (systemClock.monotonicUs() / 1000 - startMs) / 60_000;
      console.log(`  ${atMinute.toFixed(1)} min  ${line}`);
    });
    console.log(`etcd ${version}: ${JSON.stringify(result, null, 2)}`);
    return result.isClean ? 0 : 1;
  } finally {
    await ward.discard();
  }
}

/** One fault, told in a line or two; undefined when it could not be run. */
async function runAndTell(
  fault: Fault,
  version: EtcdVersion,
  place: { readonly ward: Ward; readonly besideMinutes: number | undefined },
): Promise<FaultRun | undefined> {
  const run = await runOne(fault, version, place).catch((error: unknown) => {
    console.log(`  ${fault.name} failed: ${String(error)}`);
    return undefined;
  });
  if (run !== undefined) {
    const state =
      run.skipped ??
      `${run.verdict} ${run.verdictSeconds ?? "never"} s; ${run.isFirstRight ? "" : "WRONG "}${run.first} ${run.causeSeconds ?? "never"} s; extra: ${run.extras.join(", ") || "none"}`;
    const quiet = run.quietSeconds === undefined ? "" : `; quiet after ${run.quietSeconds.toFixed(0)} s`;
    console.log(`${version} ${fault.name}: ${state}${quiet}${run.note === "" ? "" : `\n  ${run.note}`}`);
  }
  return run;
}

async function main(): Promise<number> {
  const { versions, faults, json, soak: minutes, beside: besideMinutes, atOnce } = readArguments();
  console.log(`machine  ${describeMachine()}\nat       ${new Date().toISOString()}\n`);
  if (minutes !== undefined) {
    return await runSoak(minutes, versions[0] ?? "3.5");
  }
  const runs: FaultRun[] = [];
  for (const version of versions) {
    const waiting = [...faults];
    const works = Array.from({ length: Math.min(atOnce, faults.length) }, async () => {
      const ward = createWard(version);
      try {
        for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
          const run = await runAndTell(fault, version, { ward, besideMinutes });
          if (run !== undefined) {
            runs.push(run);
            if (json !== undefined) {
              keep(json, [run]);
            }
          }
        }
      } finally {
        await ward.discard();
      }
    });
    await Promise.all(works);
  }
  const places = versions.flatMap((version) => faults.map(({ name }) => `${version} ${name}`));
  const placeOf = ({ version, fault }: FaultRun): number => places.indexOf(`${version} ${fault}`);
  runs.sort((one, other) => placeOf(one) - placeOf(other));
  const { text, isReached } = score(runs);
  console.log(`\n${renderTable(runs)}\n\n${text}`);
  return isReached ? 0 : 1;
}

process.exitCode = await main();

/** What an operator does to the services while etcd is at work, and what systemd does when one hangs. */
import { join } from "node:path";
import { mkdirSync, writeFileSync } from "node:fs";
import { openForReading } from "../../collector/history/database.ts";
import { waitFor } from "../lab/wait-for.ts";
import type { Machine } from "./machine.ts";
import { install, type Service } from "./packages.ts";
import { check, say } from "./say.ts";
import { MASTERS, type Site } from "./site.ts";

const WRITES = 'while :; do etcdctl put load "$(date)" >/dev/null || sleep 1; done';

/** The same version again takes the same way as a newer one. */
export async function upgradeUnderLoad(site: Site): Promise<void> {
  const { collector } = site;
  const m1 = site.machine("m1");
  const [, ...environment] = site.etcdctl("m1", []);
  await m1.must(["systemd-run", "--unit=load", "env", ...toVariables(environment), "sh", "-c", WRITES]);
  const agents = new Map<string, string>();
  for (const master of site.masters) {
    agents.set(master.name, await invocationOf(master, "agent"));
  }
  await upgrade(collector, "collector");
  for (const master of site.masters) {
    check(
      `the agent of ${master.name} runs on meanwhile`,
      (await invocationOf(master, "agent")) === agents.get(master.name),
    );
  }
  await brought(site);
  await checkHistory(site);
  await upgrade(m1, "agent");
  await m1.must(["systemctl", "stop", "load"]);
}

/** What the agents kept meanwhile has come. */
async function brought({ collector }: Site): Promise<void> {
  await waitFor(
    "every agent is heard again",
    async () => {
      const answer = await collector.run(["etcdscope", "status", "--json"]);
      return /"verdict":\s*"healthy"/.test(answer.stdout);
    },
    { timeoutMs: 60_000, intervalMs: 500 },
  );
}

function toVariables(etcdctl: readonly string[]): readonly string[] {
  return etcdctl.flatMap((part) => {
    const [, name, value] = /^--(endpoints|cacert|cert|key)=(.*)$/.exec(part) ?? [];
    return name === undefined
      ? part.startsWith("ETCDCTL_")
        ? [part]
        : []
      : [`ETCDCTL_${name.toUpperCase()}=${value}`];
  });
}

async function upgrade(machine: Machine, service: Service): Promise<void> {
  const config = `/etc/etcdscope/${service}.yaml`;
  const [before, text] = [await invocationOf(machine, service), await machine.must(["cat", config])];
  await install(machine, service, "--reinstall");
  const starts = await machine.must(["journalctl", "-u", `etcdscope-${service}`, "-o", "cat", "--no-pager"]);
  check(`an upgrade restarts the ${service}`, (await invocationOf(machine, service)) !== before);
  check(`and only once`, (await restartsOf(machine, service)) === "0", starts.slice(-400));
  check(`an upgrade keeps the ${service}'s configuration`, (await machine.must(["cat", config])) === text);
}

async function show(machine: Machine, service: Service, property: string): Promise<string> {
  return (
    await machine.must(["systemctl", "show", "--value", "-p", property, `etcdscope-${service}`])
  ).trim();
}

async function invocationOf(machine: Machine, service: Service): Promise<string> {
  return await show(machine, service, "InvocationID");
}

async function restartsOf(machine: Machine, service: Service): Promise<string> {
  return await show(machine, service, "NRestarts");
}

/** Every frame of an agent that ran on is there, also of the time in which the collector did not: read from its file. */
async function checkHistory(site: Site): Promise<void> {
  const { collector } = site;
  await collector.must(["systemctl", "stop", "etcdscope-collector"]);
  const db = openForReading(join(collector.root, "var/lib/etcdscope/history.db"));
  try {
    const rows = db.prepare(HELD).all() as readonly Held[];
    for (const name of MASTERS) {
      const held = rows.filter(({ node }) => node === name).at(-1);
      check(
        `no frame of ${name} is missing across the upgrade`,
        held !== undefined && held.ranges === 1 && held.first === 1,
        JSON.stringify(rows),
      );
      say(`        ${held?.last ?? 0} frames, none missing`);
    }
  } finally {
    db.close();
    await collector.must(["systemctl", "start", "etcdscope-collector"]);
  }
}

/** By run of each agent, the latest last. */
const HELD = `
  SELECT agent.node, count(*) AS ranges, min(held_range.first) AS first, max(held_range.last) AS last
  FROM held_range JOIN instance ON instance.id = held_range.instance JOIN agent ON agent.id = instance.agent
  GROUP BY instance.id ORDER BY instance.last_received_ms`;

interface Held {
  readonly node: string;
  /** Of sequences that follow each other. */
  readonly ranges: number;
  readonly first: number;
  readonly last: number;
}

const SILENT_SECONDS = 4;
const SOON = `[Service]\nWatchdogSec=${SILENT_SECONDS}\nTimeoutAbortSec=1\n`;

/** A process that is stopped answers nobody: systemd ends it and starts another. */
export async function endHungServices(site: Site): Promise<void> {
  for (const [machine, service] of [
    [site.machine("m3"), "agent"],
    [site.collector, "collector"],
  ] as const) {
    const unit = `etcdscope-${service}`;
    const folder = join(machine.root, `etc/systemd/system/${unit}.service.d`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "soon.conf"), SOON);
    await machine.must(["systemctl", "daemon-reload"]);
    await machine.must(["systemctl", "restart", unit]);
    const before = await show(machine, service, "MainPID");
    const startedUs = Number(await show(machine, service, "ActiveEnterTimestampMonotonic"));
    await waitFor(
      `the ${service} has said that it is alive for twice as long as it may be silent`,
      async () =>
        Number(await show(machine, service, "WatchdogTimestampMonotonic")) - startedUs >
        2 * SILENT_SECONDS * 1e6,
      { timeoutMs: 60_000, intervalMs: 500 },
    );
    check(`the ${service} that works is left alone`, (await show(machine, service, "MainPID")) === before);
    await machine.must(["systemctl", "kill", "--signal=STOP", "--kill-whom=main", unit]);
    const seconds = await waitFor(
      `the ${service} that hangs is started again`,
      async () =>
        (await show(machine, service, "MainPID")) !== before &&
        (await show(machine, service, "SubState")) === "running",
      { timeoutMs: 60_000, intervalMs: 500 },
    );
    const told = await machine.must(["journalctl", "-u", unit, "-o", "cat", "--no-pager"]);
    check(
      `the ${service} that hangs is started again (${seconds.toFixed(1)} s)`,
      /[Ww]atchdog timeout/.test(told),
    );
  }
}

/**
 * `npm run test:systemd [-- --packages DIR]` (root): the packages as an organisation installs them, on machines with a real systemd and
 * journald: three masters whose etcd systemd runs, agents installed by apt and enrolled by token, the collector on a fourth. Faults
 * found end to end, upgrades under load, services that hang, a revoked certificate, a refused downgrade, removal and purge.
 * Prints what it did; ends with 1 when something was not as it must be, with 0 where it cannot run.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { stringify } from "yaml";
import { systemClock } from "../../shared/clock.ts";
import type { ClusterState } from "../../shared/rest.ts";
import { findWhyNotRoot } from "../lab/availability.ts";
import { createNetwork } from "../lab/network.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { waitFor } from "../lab/wait-for.ts";
import { ensureMachineTools, type Machine } from "./machine.ts";
import { install, installCommand } from "./packages.ts";
import { check, say } from "./say.ts";
import { bootSite, COLLECTOR, copyPackages, MASTERS, startEtcd, type Site } from "./site.ts";
import { endHungServices, upgradeUnderLoad } from "./upkeep.ts";

const ROOT = join(import.meta.dirname, "../..");
const CLUSTER = "prod-a";
const TLS = "/etc/etcdscope/tls";
const AGENT_CERTIFICATE = "/etc/etcdscope/agent/agent.crt";
const INSTALL_MS = 300_000;
const ASK_READYZ =
  "exec 3<>/dev/tcp/127.0.0.1/8080; printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' >&3; head -n 1 <&3";

function buildPackages(out: string): void {
  const args = [join(ROOT, "packaging/build-packages.ts"), "--out", out, "--arch", "amd64"];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
  check("the packages are built", status === 0, stderr.slice(0, 400));
}

/** Looks at the cluster as an operator on the collector's machine does. */
async function until(
  { collector }: Site,
  what: string,
  look: (state: ClusterState) => boolean,
): Promise<void> {
  let last = "no state";
  const seconds = await waitFor(
    what,
    async () => {
      const answer = await collector.run(["etcdscope", "status", "--json", "--cluster", CLUSTER]);
      // It ends with another code than 0 where there is something to tell.
      if (!answer.stdout.startsWith("{")) {
        last = answer.stderr.trim();
        return false;
      }
      const state = JSON.parse(answer.stdout) as ClusterState;
      const found = state.findings.filter(({ status }) => status === "active");
      last = `${state.verdict}; ${found.map(({ code, subject }) => `${code} ${subject.name}`).join(", ")}`;
      return look(state);
    },
    { timeoutMs: 90_000, intervalMs: 500, describeLast: () => last },
  );
  say(`ok      ${what} (${seconds.toFixed(1)} s; ${last})`);
}

function isQuiet({ verdict, members }: ClusterState): boolean {
  return verdict === "healthy" && members.length === MASTERS.length && members.every(isHeard);
}

function isHeard({ agent }: ClusterState["members"][number]): boolean {
  return agent.state === "online";
}

/** Whether this is told as a root cause of the member, with a line of evidence from there. */
function isProven(
  { findings, rootCauses }: ClusterState,
  what: { readonly code: string; readonly member: string; readonly source: string; readonly says: RegExp },
): boolean {
  return findings.some(
    ({ id, code, subject, status, evidence }) =>
      code === what.code &&
      subject.name === what.member &&
      status === "active" &&
      rootCauses.includes(id) &&
      evidence.some(({ source, text }) => source === what.source && what.says.test(text.en)),
  );
}

async function startCollector(site: Site): Promise<void> {
  const { collector } = site;
  await install(collector, "collector");
  await collector.must(["etcdscope", "pki", "init", "--dir", TLS]);
  const host = site.ip(COLLECTOR);
  await collector.must(["etcdscope", "pki", "issue-collector", "--dir", TLS, "--host", host]);
  const token = ["etcdscope", "pki", "token", "--dir", TLS, "--cluster", CLUSTER, "--node", "m1"];
  // Makes the key that tokens are checked with.
  await collector.must(token);
  const config = {
    grpc: {
      tls: { ca: `${TLS}/ca.crt`, cert: `${TLS}/collector.crt`, key: `${TLS}/collector.key` },
      enrol: { key: `${TLS}/ca.key`, joinKey: `${TLS}/join.key` },
      revoked: `${TLS}/revoked.txt`,
    },
  };
  writeFileSync(join(collector.root, "etc/etcdscope/collector.yaml"), stringify(config));
  const owned = `touch ${TLS}/revoked.txt && chown root:etcdscope ${TLS}/* && chmod 0640 ${TLS}/*`;
  await collector.must(["sh", "-c", owned]);
  await collector.must(["systemctl", "start", "etcdscope-collector"]);
  const ready = await collector.run(["bash", "-c", ASK_READYZ]);
  check("a collector that systemd calls started is ready", / 200 /.test(ready.stdout), ready.stderr);
}

async function startAgents(site: Site): Promise<void> {
  for (const master of site.masters) {
    await install(master, "agent");
    const names = ["--cluster", CLUSTER, "--node", master.name];
    const token = await site.collector.must(["etcdscope", "pki", "token", "--dir", TLS, ...names]);
    const address = `${site.ip(COLLECTOR)}:7443`;
    const enroll = ["etcdscope", "enroll", "--collector", address, "--token", token.trim()];
    await master.must(enroll);
    if (master.name === "m1") {
      const again = await master.run([...enroll, "--force"]);
      check(
        "a join token is good once",
        again.code === 1 && again.stderr.includes("used before"),
        again.stderr,
      );
    }
    await master.must(["systemctl", "restart", "etcdscope-agent"]);
  }
}

async function findFaults(site: Site): Promise<void> {
  const m2 = site.machine("m2");
  await m2.must(["systemctl", "kill", "--signal=KILL", "etcd"]);
  const killed = {
    code: "MEMBER_DOWN",
    member: "m2",
    source: "systemd",
    says: /etcd\.service was ended by .*KILL/,
  };
  await until(site, "a killed etcd is found, with what systemd says of its end", (state) =>
    isProven(state, killed),
  );
  await m2.must(["systemctl", "start", "etcd"]);
  await until(site, "and found well again", isQuiet);

  await m2.must(["systemctl", "stop", "etcd"]);
  await m2.must(["sh", "-c", "chown -R root: /var/lib/etcd/data && chmod -R go= /var/lib/etcd/data"]);
  await m2.must(["systemctl", "start", "etcd"]);
  const denied = {
    code: "START_DATA_DIR_PERMISSION",
    member: "m2",
    source: "etcd log",
    says: /permission denied/,
  };
  await until(site, "an etcd that may not read its data is found, by the journal", (state) =>
    isProven(state, denied),
  );
  await m2.must(["chown", "-R", "etcd:", "/var/lib/etcd/data"]);
  await m2.must(["systemctl", "restart", "etcd"]);
  await until(site, "and it is well again", isQuiet);
}

async function tell(site: Site): Promise<void> {
  await startCollector(site);
  await startAgents(site);
  await until(site, "three masters are watched and healthy", isQuiet);
  const users = await Promise.all(
    [site.collector, site.machine("m1")].map(
      async (machine) => await machine.must(["sh", "-c", "ps -eo user:20,args | grep '[m]ain.js'"]),
    ),
  );
  check(
    "each service runs as a user of its own",
    /^etcdscope /m.test(users[0] ?? "") && /^etcdscope-agent/m.test(users[1] ?? ""),
    users.join(),
  );
  await findFaults(site);
  await upgradeUnderLoad(site);
  await until(site, "all is well after the upgrades", isQuiet);
  await endHungServices(site);
  await until(site, "all is well after the hung services", isQuiet);
  await refuseDowngrade(site);
  await revoke(site);
  await remove(site);
}

async function refuseDowngrade(site: Site): Promise<void> {
  const { collector } = site;
  await collector.must(["systemctl", "stop", "etcdscope-collector"]);
  const newer =
    "printf '\\000\\000\\000\\143' | dd of=/var/lib/etcdscope/history.db bs=1 seek=60 conv=notrunc";
  await collector.must(["sh", "-c", newer]);
  const refused = await collector.run(installCommand("collector", "--reinstall"), INSTALL_MS);
  check(
    "a version that cannot read the history is refused",
    !refused.ok && `${refused.stdout}${refused.stderr}`.includes("has form 99"),
    refused.stderr,
  );
  const anew = "rm -f /var/lib/etcdscope/history.db*; systemctl start etcdscope-collector";
  await collector.must(["sh", "-c", anew]);
  await until(site, "the collector is back", isQuiet);
}

async function revoke(site: Site): Promise<void> {
  const certificate = await site.machine("m3").must(["cat", AGENT_CERTIFICATE]);
  writeFileSync(join(site.collector.root, "root/m3.crt"), certificate);
  await site.collector.must(["etcdscope", "pki", "revoke", "/root/m3.crt", "--dir", TLS]);
  await until(site, "a revoked agent is cut off, and no other", ({ members }) =>
    members.every((member) => isHeard(member) === (member.name !== "m3")),
  );
}

async function remove(site: Site): Promise<void> {
  const m1 = site.machine("m1");
  const has = (machine: Machine, path: string): boolean => existsSync(join(machine.root, path));
  await m1.must(["dpkg", "--remove", "etcdscope-agent"], INSTALL_MS);
  await site.collector.must(["dpkg", "--remove", "etcdscope-collector"], INSTALL_MS);
  check(
    "a removal keeps certificates and history",
    has(m1, AGENT_CERTIFICATE) && has(site.collector, "var/lib/etcdscope/history.db"),
  );
  await m1.must(["dpkg", "--purge", "etcdscope-agent"], INSTALL_MS);
  await site.collector.must(["dpkg", "--purge", "etcdscope-collector"], INSTALL_MS);
  const left = [m1, site.collector].flatMap((machine) =>
    ["etc/etcdscope", "var/lib/etcdscope", "var/lib/etcdscope-agent", "usr/lib/etcdscope-agent"]
      .filter((path) => has(machine, path))
      .map((path) => `${machine.name}:/${path}`),
  );
  check("a purge leaves nothing", left.length === 0, left.join(", "));
}

async function showLogs(site: Site): Promise<void> {
  say((await site.collector.run(["etcdscope", "findings", "--cluster", CLUSTER])).stdout);
  for (const machine of site.all) {
    const service = machine.name === COLLECTOR ? "collector" : "agent";
    const unit = ["-u", `etcdscope-${service}`, "-n", "12", "-o", "cat", "--no-pager"];
    say(`--- ${service} on ${machine.name}\n${(await machine.run(["journalctl", ...unit])).stdout}`);
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { packages: { type: "string" } } });
  const tools = findWhyNotRoot() ?? (await ensureMachineTools());
  const network = tools.kind === "unavailable" ? tools : await createNetwork({ members: [...MASTERS] });
  if (tools.kind === "unavailable" || network.kind === "unavailable") {
    say(`skipped: ${tools.kind === "unavailable" ? tools.because : "no network"}`);
    return 0;
  }
  const startMs = systemClock.nowMs();
  const dir = await createRunFolder();
  let site: Site | undefined;
  try {
    const packages = values.packages ?? join(dir, "packages");
    mkdirSync(packages, { recursive: true });
    if (values.packages === undefined) {
      buildPackages(packages);
    }
    site = await bootSite(tools, network, dir);
    copyPackages(site, packages);
    await startEtcd(site, dir);
    await tell(site);
    say(`done in ${((systemClock.nowMs() - startMs) / 1000).toFixed(0)} s`);
    return 0;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    if (site !== undefined) {
      await showLogs(site);
    }
    return 1;
  } finally {
    await site?.stop();
    await network.destroy();
    await removeFolderWithMounts(dir);
  }
}

process.exit(await main());

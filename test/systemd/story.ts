/**
 * `npm run test:systemd [-- --packages DIR]` (root): the packages as an operator installs them, on a machine with a real
 * systemd: both side by side, the agent enrolled by token, a fault of etcd found, a certificate revoked, a downgrade refused,
 * removed and purged. Prints what it did; ends with 1 when something was not as it must be, with 0 where it cannot run.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { stringify } from "yaml";
import { systemClock } from "../../shared/clock.ts";
import type { ClusterState } from "../../shared/rest.ts";
import { ETCDSCOPE_VERSION } from "../../shared/version.ts";
import { findWhyNotRoot } from "../lab/availability.ts";
import { ensureEtcd } from "../lab/etcd-binaries.ts";
import { createNetwork } from "../lab/network.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { waitFor } from "../lab/wait-for.ts";
import { bootMachine, ensureMachineTools, type Machine } from "./machine.ts";

const ROOT = join(import.meta.dirname, "../..");
const CLUSTER = "prod-a";
const TLS = "/etc/etcdscope/tls";
const AGENT_CERTIFICATE = "/etc/etcdscope/agent/agent.crt";
const INSTALL_MS = 300_000;

/** A user of its own and a data directory that only it may read: what the agent's capabilities are for. */
const ETCD_UNIT = `[Service]
User=etcd
ExecStart=/usr/bin/etcd --name=m1 --data-dir=/var/lib/etcd/data --logger=zap
StateDirectory=etcd
StateDirectoryMode=0700
`;

function say(text: string): void {
  console.log(text);
}

function check(what: string, isTrue: boolean, detail = ""): void {
  say(`${isTrue ? "ok     " : "FAILED "} ${what}${isTrue || detail === "" ? "" : `: ${detail}`}`);
  if (!isTrue) {
    throw new Error(what);
  }
}

function buildPackages(out: string): void {
  const args = [join(ROOT, "packaging/build-packages.ts"), "--out", out, "--arch", "amd64"];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
  check("the packages are built", status === 0, stderr.slice(0, 400));
}

function packageOf(service: "agent" | "collector"): string {
  return `/root/packages/etcdscope-${service}_${ETCDSCOPE_VERSION}_amd64.deb`;
}

async function until(machine: Machine, what: string, look: (state: ClusterState) => boolean): Promise<void> {
  let last = "no state";
  const seconds = await waitFor(
    what,
    async () => {
      const answer = await machine.run(["etcdscope", "status", "--json", "--cluster", CLUSTER]);
      const state = JSON.parse(answer.stdout) as ClusterState;
      const found = state.findings.filter(({ status }) => status === "active");
      last = `${state.verdict}; ${found.map(({ code, subject }) => `${code} ${subject.name}`).join(", ")}`;
      return look(state);
    },
    { timeoutMs: 90_000, intervalMs: 500, describeLast: () => last },
  );
  say(`ok      ${what} (${seconds.toFixed(1)} s; ${last})`);
}

async function startEtcd(machine: Machine): Promise<void> {
  const etcd = await ensureEtcd("3.4");
  if (etcd.kind === "unavailable") {
    throw new Error(etcd.because);
  }
  copyFileSync(etcd.etcd, join(machine.root, "usr/bin/etcd"));
  chmodSync(join(machine.root, "usr/bin/etcd"), 0o755);
  writeFileSync(join(machine.root, "etc/systemd/system/etcd.service"), ETCD_UNIT);
  // A bootstrapped tree knows no names.
  writeFileSync(join(machine.root, "etc/hosts"), "127.0.0.1 localhost\n");
  await machine.must(["useradd", "--system", "--no-create-home", "etcd"]);
  await machine.must(["systemctl", "daemon-reload"]);
  await machine.must(["systemctl", "start", "etcd"]);
}

async function startCollector(machine: Machine): Promise<string> {
  await machine.must(["etcdscope", "pki", "init", "--dir", TLS]);
  await machine.must(["etcdscope", "pki", "issue-collector", "--dir", TLS, "--host", "127.0.0.1"]);
  const names = ["--cluster", CLUSTER, "--node", "m1"];
  const token = (await machine.must(["etcdscope", "pki", "token", "--dir", TLS, ...names])).trim();
  const config = {
    grpc: {
      tls: { ca: `${TLS}/ca.crt`, cert: `${TLS}/collector.crt`, key: `${TLS}/collector.key` },
      enrol: { key: `${TLS}/ca.key`, joinKey: `${TLS}/join.key` },
      revoked: `${TLS}/revoked.txt`,
    },
  };
  writeFileSync(join(machine.root, "etc/etcdscope/collector.yaml"), stringify(config));
  const owned = `touch ${TLS}/revoked.txt && chown root:etcdscope ${TLS}/* && chmod 0640 ${TLS}/*`;
  await machine.must(["sh", "-c", owned]);
  await machine.must(["systemctl", "start", "etcdscope-collector"]);
  return token;
}

async function startAgent(machine: Machine, token: string): Promise<void> {
  const enroll = ["etcdscope", "enroll", "--collector", "127.0.0.1:7443", "--token", token];
  await waitFor("the node is enrolled", async () => (await machine.run(enroll)).ok, { timeoutMs: 60_000 });
  const again = await machine.run([...enroll, "--force"]);
  check("a join token is good once", again.code === 1 && again.stderr.includes("used before"), again.stderr);
  await machine.must(["systemctl", "restart", "etcdscope-agent"]);
}

async function tell(machine: Machine): Promise<void> {
  await startEtcd(machine);
  for (const service of ["collector", "agent"] as const) {
    await machine.must(["dpkg", "-i", packageOf(service)], INSTALL_MS);
  }
  await startAgent(machine, await startCollector(machine));
  await until(machine, "etcd is watched and healthy", ({ verdict }) => verdict === "healthy");
  const users = await machine.must(["sh", "-c", "ps -eo user:20,args | grep '[m]ain.js'"]);
  check(
    "both run as users of their own",
    /^etcdscope-agent/m.test(users) && /^etcdscope /m.test(users),
    users,
  );

  await machine.must(["systemctl", "stop", "etcd"]);
  await until(machine, "a stopped etcd is found", ({ findings }) =>
    findings.some(({ code, status }) => code === "MEMBER_DOWN" && status === "active"),
  );
  await machine.must(["systemctl", "start", "etcd"]);
  await until(machine, "and found well again", ({ verdict }) => verdict === "healthy");

  await upgrade(machine);
  await machine.must(["etcdscope", "pki", "revoke", AGENT_CERTIFICATE, "--dir", TLS]);
  await until(machine, "a revoked agent is cut off", ({ members }) =>
    members.every(({ agent }) => agent.state !== "online"),
  );
  await remove(machine);
}

/** The same version again takes the same way as a newer one. */
async function upgrade(machine: Machine): Promise<void> {
  const show = ["systemctl", "show", "-p", "MainPID", "etcdscope-agent"];
  const before = await machine.must(show);
  const config = await machine.must(["cat", "/etc/etcdscope/agent.yaml"]);
  await machine.must(["dpkg", "-i", packageOf("agent")], INSTALL_MS);
  check("an upgrade restarts the agent", (await machine.must(show)) !== before);
  check(
    "an upgrade keeps the configuration",
    (await machine.must(["cat", "/etc/etcdscope/agent.yaml"])) === config,
  );
  await until(machine, "the agent is well after the upgrade", ({ verdict }) => verdict === "healthy");

  await machine.must(["systemctl", "stop", "etcdscope-collector"]);
  const newer =
    "printf '\\000\\000\\000\\143' | dd of=/var/lib/etcdscope/history.db bs=1 seek=60 conv=notrunc";
  await machine.must(["sh", "-c", newer]);
  const refused = await machine.run(["dpkg", "-i", packageOf("collector")], INSTALL_MS);
  check(
    "a version that cannot read the history is refused",
    refused.stderr.includes("has form 99"),
    refused.stderr,
  );
  await machine.must([
    "sh",
    "-c",
    "rm -f /var/lib/etcdscope/history.db*; systemctl start etcdscope-collector",
  ]);
  await until(machine, "the collector is back", ({ verdict }) => verdict === "healthy");
}

async function remove(machine: Machine): Promise<void> {
  const has = (path: string): boolean => existsSync(join(machine.root, path));
  await machine.must(["dpkg", "--remove", "etcdscope-agent", "etcdscope-collector"], INSTALL_MS);
  check(
    "a removal keeps certificates and history",
    has(AGENT_CERTIFICATE) && has("var/lib/etcdscope/history.db"),
  );
  await machine.must(["dpkg", "--purge", "etcdscope-agent", "etcdscope-collector"], INSTALL_MS);
  const left = [
    "etc/etcdscope",
    "var/lib/etcdscope",
    "var/lib/etcdscope-agent",
    "usr/lib/etcdscope-agent",
  ].filter(has);
  check("a purge leaves nothing", left.length === 0, left.join(", "));
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { packages: { type: "string" } } });
  const tools = findWhyNotRoot() ?? (await ensureMachineTools());
  const network = tools.kind === "unavailable" ? tools : await createNetwork({ members: ["m1"] });
  if (tools.kind === "unavailable" || network.kind === "unavailable") {
    say(`skipped: ${tools.kind === "unavailable" ? tools.because : "no network"}`);
    return 0;
  }
  const startMs = systemClock.nowMs();
  const dir = await createRunFolder();
  let machine: Machine | undefined;
  try {
    const packages = values.packages ?? join(dir, "packages");
    mkdirSync(packages, { recursive: true });
    if (values.packages === undefined) {
      buildPackages(packages);
    }
    machine = await bootMachine(tools, { dir, name: "m1", namespace: network.node("m1").namespace });
    cpSync(packages, join(machine.root, "root/packages"), { recursive: true });
    await tell(machine);
    say(`done in ${((systemClock.nowMs() - startMs) / 1000).toFixed(0)} s`);
    return 0;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    for (const service of ["collector", "agent"]) {
      const unit = ["-u", `etcdscope-${service}`, "-n", "12", "-o", "cat", "--no-pager"];
      say(`--- ${service}\n${(await machine?.run(["journalctl", ...unit]))?.stdout ?? ""}`);
    }
    return 1;
  } finally {
    await machine?.stop();
    await network.destroy();
    await removeFolderWithMounts(dir);
  }
}

process.exit(await main());

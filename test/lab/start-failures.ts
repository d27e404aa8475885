/** Starts etcd in every way in which it cannot start, and keeps what it printed in start.log. */
import { appendFileSync, chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Flags } from "./etcd-member.ts";
import type { Patient } from "./log-story.ts";
import { runCommand } from "./run-command.ts";

/** One member after another that cannot start, each with its reason in the log. */
export async function startFailures({ etcd, dir, binaries }: Patient): Promise<void> {
  const log = join(dir, "start.log");
  const zap = { logger: "zap" };
  async function start(name: string, args: Flags, before: readonly string[] = []): Promise<void> {
    const all = Object.entries({
      ...zap,
      name,
      "data-dir": join(dir, name),
      "listen-client-urls": "http://127.0.0.1:22379",
      "advertise-client-urls": "http://127.0.0.1:22379",
      "listen-peer-urls": "http://127.0.0.1:22380",
      "initial-advertise-peer-urls": "http://127.0.0.1:22380",
      "initial-cluster": `${name}=http://127.0.0.1:22380`,
      ...args,
    });
    const command = [...before, binaries.etcd, ...all.map(([flag, value]) => `--${flag}=${value}`)];
    const said = await runCommand(command, { timeoutMs: 4000 });
    appendFileSync(log, `${said.stdout}${said.stderr}`);
  }
  await start("flag", { "no-such-flag": "1" });
  const busy = createServer().listen(22379, "127.0.0.1");
  await new Promise((settle) => busy.once("listening", settle));
  await start("busy", {});
  busy.close();
  mkdirSync(join(dir, "denied"), { mode: 0o700 });
  chmodSync(dir, 0o755);
  await start("denied", {}, ["setpriv", "--reuid=65534", "--clear-groups", "--"]);
  const certificates = {
    "listen-client-urls": "https://127.0.0.1:22379",
    "advertise-client-urls": "https://127.0.0.1:22379",
  };
  const own = etcd.members[0]!.certDir;
  await start("no-cert", {
    ...certificates,
    "cert-file": "/nowhere/server.crt",
    "key-file": "/nowhere/server.key",
  });
  await start("no-ca", {
    ...certificates,
    "cert-file": join(own, "server.crt"),
    "key-file": join(own, "server.key"),
    "client-cert-auth": "true",
    "trusted-ca-file": "/nowhere/ca.crt",
  });
  await start("mixed", {
    ...certificates,
    "cert-file": join(own, "server.crt"),
    "key-file": join(own, "peer.key"),
  });
  await start("no-bind", {
    "listen-peer-urls": "http://10.254.253.252:22380",
    "initial-advertise-peer-urls": "http://10.254.253.252:22380",
    "initial-cluster": "no-bind=http://10.254.253.252:22380",
  });
  await start("mismatch", { "initial-cluster": "other=http://127.0.0.1:22380" });
  await start("mismatch-url", { "initial-advertise-peer-urls": "http://127.0.0.1:22999" });
  await start("bad-timing", { "heartbeat-interval": "1000", "election-timeout": "1500" });
  await start("first", {});
  await start("first", {});
  const holder = etcd.members[0]!;
  await start("locked", { "data-dir": holder.dataDir });
  writeFileSync(join(dir, "bad.yaml"), "name: [\n");
  const said = await runCommand([binaries.etcd, "--config-file", join(dir, "bad.yaml")], { timeoutMs: 4000 });
  appendFileSync(log, `${said.stdout}${said.stderr}`);
}

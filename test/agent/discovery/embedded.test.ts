import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDiscovery, type Discovery } from "../../../agent/discovery/discovery.ts";
import { createLinuxHost } from "../../../agent/host/linux-host.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { Clock } from "../../../shared/clock.ts";
import { silentLog } from "../silent-log.ts";

const FIXTURE = join(import.meta.dirname, "../../fixture/proc");
const PID = 4242;

/** In the form that k3s 1.30 writes for the etcd inside of it. */
function configOf(dataDir: string): string {
  const tls = (name: string, ca: string): string =>
    [
      `  cert-file: ${dataDir}/server/tls/etcd/${name}.crt`,
      "  client-cert-auth: true",
      `  key-file: ${dataDir}/server/tls/etcd/${name}.key`,
      `  trusted-ca-file: ${dataDir}/server/tls/etcd/${ca}.crt`,
    ].join("\n");
  return `advertise-client-urls: https://10.0.0.1:2379
client-transport-security:
${tls("server-client", "server-ca")}
data-dir: ${dataDir}/server/db/etcd
election-timeout: 5000
experimental-initial-corrupt-check: true
heartbeat-interval: 500
listen-client-urls: https://127.0.0.1:2379,https://10.0.0.1:2379
listen-metrics-urls: http://127.0.0.1:2381
listen-peer-urls: https://127.0.0.1:2380,https://10.0.0.1:2380
log-outputs:
- stderr
logger: zap
name: cp1-5a3c1f0d
peer-transport-security:
${tls("peer-server-client", "peer-ca")}
snapshot-count: 10000
`;
}

describe("agent/discovery of an etcd inside of k3s", () => {
  let dir: string;
  /** Of files, by the discovery under test. */
  let reads: Promise<unknown>[];
  beforeEach(() => {
    reads = [];
    dir = mkdtempSync(join(tmpdir(), "k3s-"));
    cpSync(join(FIXTURE, "uptime"), join(dir, "proc/uptime"));
    cpSync(join(FIXTURE, "stat"), join(dir, "proc/stat"));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  function runs(comm: string, title: string): void {
    const process = join(dir, "proc", String(PID));
    mkdirSync(process, { recursive: true });
    writeFileSync(join(process, "comm"), `${comm}\n`);
    writeFileSync(join(process, "cmdline"), title);
    const stat = readFileSync(join(FIXTURE, "812/stat"), "utf8");
    writeFileSync(join(process, "stat"), stat.replace("812 (etcd)", `${PID} (${comm})`));
  }

  function look(clock: Clock = systemClock): Discovery {
    const linux = createLinuxHost({ clock: systemClock, procRoot: join(dir, "proc") });
    const readSmallFile: typeof linux.readSmallFile = (...asked) => {
      const read = linux.readSmallFile(...asked);
      reads.push(read);
      return read;
    };
    const host = { ...linux, readSmallFile };
    const discovery = createDiscovery({
      host,
      wanted: { name: undefined, dataDir: undefined },
      clock,
      log: silentLog,
      onChange: () => undefined,
    });
    discovery.refresh();
    return discovery;
  }

  it("reads the configuration that k3s wrote, wherever its data is", async () => {
    const data = join(dir, "data");
    mkdirSync(join(data, "server/db/etcd"), { recursive: true });
    writeFileSync(join(data, "server/db/etcd/config"), configOf(data));
    runs("k3s-server", `/usr/local/bin/k3s server --data-dir=${data}\0`);
    const discovery = look();
    await expect
      .poll(() => discovery.discovered())
      .toMatchObject({
        pid: PID,
        flags: {
          name: "cp1-5a3c1f0d",
          dataDir: `${data}/server/db/etcd`,
          heartbeatIntervalMs: 500,
          electionTimeoutMs: 5000,
          clientTls: { certFile: `${data}/server/tls/etcd/server-client.crt`, clientCertAuth: true },
          peerTls: { trustedCaFile: `${data}/server/tls/etcd/peer-ca.crt` },
        },
      });
    expect(discovery.note()).toBe("");
  });

  it("finds the data directory that k3s's own configuration file names", async () => {
    const data = join(dir, "moved");
    mkdirSync(join(data, "server/db/etcd"), { recursive: true });
    writeFileSync(join(data, "server/db/etcd/config"), configOf(data));
    writeFileSync(join(dir, "k3s.yaml"), `token: x\ndata-dir: ${data}\n`);
    runs("k3s-server", `/usr/local/bin/k3s server --config ${join(dir, "k3s.yaml")}\0`);
    const discovery = look();
    await expect.poll(() => discovery.discovered()?.flags.dataDir).toBe(`${data}/server/db/etcd`);
  });

  it("looks again for what k3s writes only when it has started, less and less often", async () => {
    const data = join(dir, "late");
    let nowMs = 0;
    const clock = { ...systemClock, monotonicUs: () => nowMs * 1000 };
    runs("k3s-server", `/usr/local/bin/k3s server --data-dir=${data}\0`);
    const discovery = look(clock);
    const settle = async (): Promise<void> => {
      await Promise.allSettled(reads);
      await setImmediate();
    };
    await settle();
    for (; nowMs < 600_000; nowMs += 1000) {
      discovery.refresh();
      await settle();
    }
    // After 1, 2, 4, … s, then once a minute.
    expect(reads.length).toBeGreaterThan(8);
    expect(reads.length).toBeLessThan(20);
    expect(discovery.note()).toBe("no etcd process");
    mkdirSync(join(data, "server/db/etcd"), { recursive: true });
    writeFileSync(join(data, "server/db/etcd/config"), configOf(data));
    nowMs += 60_000;
    discovery.refresh();
    await expect.poll(() => discovery.discovered()?.pid).toBe(PID);
  });

  it("finds none in a k3s with another store, in its agent, and in its other commands", async () => {
    for (const title of [
      `/usr/local/bin/k3s server --data-dir=${dir}/nothing\0`,
      "/usr/local/bin/k3s agent\0",
      "/usr/local/bin/k3s\0kubectl\0get\0pods\0",
    ]) {
      runs("k3s-server", title);
      const discovery = look();
      await Promise.allSettled(reads);
      await setImmediate();
      expect(discovery.note()).toBe("no etcd process");
      expect(discovery.discovered()).toBeUndefined();
    }
  });
});

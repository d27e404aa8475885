import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { AgentConfig, TlsPaths } from "../../../agent/config.ts";
import { createEtcdDoor } from "../../../agent/etcd/create-etcd-door.ts";
import type { ClosableEtcdDoor } from "../../../agent/etcd/create-etcd-door.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { EtcdscopeError } from "../../../shared/errors.ts";
import { ensureEtcd } from "../../lab/etcd-binaries.ts";
import { createEtcdCluster } from "../../lab/etcd-cluster.ts";
import type { EtcdCluster } from "../../lab/etcd-cluster.ts";
import { createEtcdPki } from "../../lab/etcd-pki.ts";
import { createRunFolder, removeFolderWithMounts } from "../../lab/run-folder.ts";
import { waitFor } from "../../lab/wait-for.ts";
import { discoveredEtcd } from "../probe/probe-context.ts";
import { createManualClock } from "../manual-clock.ts";
import { silentLog } from "../silent-log.ts";
import { configWith } from "./example-etcd.ts";

const DAY_MS = 86_400_000;
const SOON = { timeoutMs: 20_000, intervalMs: 50 };

const binaries = await ensureEtcd("3.4");
const why = binaries.kind === "unavailable" ? ` (skipped: ${binaries.because})` : "";

function signal(): AbortSignal {
  return new AbortController().signal;
}

describe.skipIf(binaries.kind === "unavailable")(
  `agent/etcd/create-etcd-door${why}`,
  { timeout: 60_000 },
  () => {
    let folder = "";
    let cluster: EtcdCluster;
    const doors: ClosableEtcdDoor[] = [];

    /** The door of an agent beside m1. */
    function openDoor(
      changed: Partial<AgentConfig["etcd"]> = {},
      flags: Readonly<Record<string, string>> = {},
    ): ClosableEtcdDoor {
      const m1 = cluster.member("m1");
      const discovered = discoveredEtcd({ ...m1.flags, ...flags }, { pid: m1.pid });
      const door = createEtcdDoor({
        discovered: () => discovered,
        config: configWith(changed),
        clock: systemClock,
        log: silentLog,
      });
      doors.push(door);
      return door;
    }

    async function openKnowingDoor(changed: Partial<AgentConfig["etcd"]> = {}): Promise<ClosableEtcdDoor> {
      const door = openDoor(changed);
      await door.ownStatus({ signal: signal() });
      await door.memberList(signal());
      return door;
    }

    async function reasonOf(call: Promise<unknown>): Promise<string | undefined> {
      try {
        await call;
        return undefined;
      } catch (caught) {
        return (caught as EtcdscopeError).reason;
      }
    }

    function readLogs(): readonly string[] {
      // A member that has found its peers early says so some moments after all else of its start.
      return cluster.members.map(({ logPath }) =>
        readFileSync(logPath, "utf8").replaceAll(/^.*fast-forwarding election ticks.*\n/gm, ""),
      );
    }

    beforeAll(async () => {
      if (binaries.kind === "unavailable") {
        return;
      }
      folder = await createRunFolder();
      cluster = await createEtcdCluster({
        binaries,
        dir: folder,
        members: ["m1", "m2", "m3"].map((name) => ({ name })),
      });
      await cluster.start();
      await cluster.waitHealthy();
    }, 60_000);

    afterEach(async () => {
      await Promise.all(doors.splice(0).map(async (door) => await door.close()));
    });

    afterAll(async () => {
      await cluster?.stopAll();
      if (folder !== "") {
        await removeFolderWithMounts(folder);
      }
    });

    it("answers everything that probes ask, and leaves no line in the logs", async () => {
      // The last thing that a fresh cluster says by itself.
      const isSettled = (log: string): boolean => log.includes("enabled capabilities for version");
      await waitFor("the start-up is over", () => readLogs().every(isSettled), SOON);
      const logs = readLogs();
      const door = await openKnowingDoor();
      const own = await door.ownStatus({ signal: signal() });
      expect(own).toMatchObject({ version: "3.4.23", errors: [], isLearner: false });
      expect(door.otherMembers().map((member) => member.name)).toEqual(["m2", "m3"]);
      expect(door.ownMemberId()).toBe(own.memberId);
      expect(door.ownVersion()).toBe("3.4.23");
      const others = await Promise.all(
        ["m2", "m3"].map(async (name) => await door.memberStatus(name, { signal: signal() })),
      );
      expect(new Set([own, ...others].map((status) => status.leaderId)).size).toBe(1);
      expect(new Set([own, ...others].map((status) => status.memberId)).size).toBe(3);
      await door.read("serializable", signal());
      await door.read("linearizable", signal());
      expect(String(await door.metricsBody(signal()))).toContain("\netcd_server_has_leader 1\n");
      expect(JSON.parse(await door.peerVersion("m2", { signal: signal(), timeoutMs: 1_500 }))).toMatchObject({
        etcdserver: "3.4.23",
      });
      expect(JSON.parse(await door.peerVersion("m2", { signal: signal(), timeoutMs: 1_500 }))).toMatchObject({
        etcdserver: "3.4.23",
      });
      for (const port of ["client", "peer"] as const) {
        expect(door.findLook("m2", port)).toMatchObject({
          tcp: "ok",
          tls: "ok",
          http: "ok",
          error: undefined,
        });
      }
      await door.lookAtOwnPeerPort({ signal: signal(), timeoutMs: 1_500 });
      const shown = new X509Certificate(readFileSync(join(cluster.member("m1").certDir, "peer.crt")));
      expect(door.findServed("", "peer")).toMatchObject({
        address: cluster.member("m1").peerUrl.replace("https://", ""),
        serial: shown.serialNumber.toLowerCase(),
      });
      await door.close();
      expect(readLogs()).toEqual(logs);
    });

    it("looks at the own peer port again only when the certificate is another", async () => {
      const m1 = cluster.member("m1");
      const clock = createManualClock();
      const discovered = discoveredEtcd(m1.flags, { pid: m1.pid });
      const config = configWith();
      const door = createEtcdDoor({ discovered: () => discovered, config, clock, log: silentLog });
      doors.push(door);
      const look = async (): Promise<void> =>
        await door.lookAtOwnPeerPort({ signal: signal(), timeoutMs: 1_500 });
      await look();
      const first = door.findServed("", "peer");
      expect(first).toBeDefined();
      await clock.advance(60_000);
      await look();
      expect(door.findServed("", "peer")).toBe(first);
      // The files' stamp is taken at the first look after 10 s, and held against the next one.
      await cluster.pki.reissueMember(m1.identity, "peer");
      await waitFor(
        "the new one is shown",
        async () => {
          await clock.advance(11_000);
          await look();
          return door.findServed("", "peer")?.serial !== first?.serial;
        },
        SOON,
      );
    });

    it("asks the own peer port once where that refuses the certificate, which etcd logs", async () => {
      const stranger = await createEtcdPki(join(folder, "strange-peer"), []);
      const clock = createManualClock();
      const m1 = cluster.member("m1");
      const { cert, key } = stranger.client;
      const discovered = discoveredEtcd(
        { ...m1.flags, "peer-cert-file": cert, "peer-key-file": key },
        { pid: m1.pid },
      );
      const config = configWith();
      const door = createEtcdDoor({ discovered: () => discovered, config, clock, log: silentLog });
      doors.push(door);
      const look = async (): Promise<string | undefined> =>
        await reasonOf(door.lookAtOwnPeerPort({ signal: signal(), timeoutMs: 1_500 }));
      const countRefusals = (): number =>
        readFileSync(m1.logPath, "utf8").split("rejected connection").length - 1;
      const before = countRefusals();
      expect(await look()).toBe("tls_rejected");
      await waitFor("etcd logs it", () => countRefusals() === before + 1, SOON);
      await clock.advance(16 * 60_000);
      expect(await look()).toBeUndefined();
      expect(door.findServed("", "peer")).toBeDefined();
      expect(countRefusals()).toBe(before + 1);
    });

    it("sees a killed member refuse within one call, and its return", async () => {
      const door = await openKnowingDoor();
      await door.memberStatus("m3", { signal: signal() });
      await door.peerVersion("m3", { signal: signal(), timeoutMs: 1_500 });
      await cluster.member("m3").kill();
      const took = await waitFor(
        "m3 refuses",
        async () => (await reasonOf(door.memberStatus("m3", { signal: signal() }))) === "refused",
        SOON,
      );
      expect(took).toBeLessThan(1);
      expect(await reasonOf(door.peerVersion("m3", { signal: signal(), timeoutMs: 1_500 }))).toBe("refused");
      expect(door.findLook("m3", "client")).toMatchObject({ tcp: "failed", tls: "unknown", http: "unknown" });
      expect(door.findLook("m3", "peer")).toMatchObject({ tcp: "failed", tls: "unknown", http: "unknown" });
      await cluster.member("m3").start();
      await waitFor(
        "m3 answers",
        async () => (await door.memberStatus("m3", { signal: signal() })) !== undefined,
        SOON,
      );
    });

    it("sees a stopped member time out, its handshake too, and its return at once", async () => {
      await cluster.waitHealthy();
      const door = await openKnowingDoor();
      await door.memberStatus("m2", { signal: signal() });
      cluster.member("m2").stop();
      expect(await reasonOf(door.memberStatus("m2", { signal: signal() }))).toBe("timeout");
      // The connection was there: whether TCP and TLS still work cannot be said.
      expect(door.findLook("m2", "client")).toMatchObject({ tcp: "unknown", tls: "unknown", http: "failed" });
      expect(await reasonOf(door.memberStatus("m2", { signal: signal() }))).toBe("timeout");
      expect(await reasonOf(door.memberStatus("m2", { signal: signal() }))).toBe("timeout");
      expect(door.findLook("m2", "client")).toMatchObject({ tcp: "ok", tls: "failed", http: "unknown" });
      expect(await reasonOf(door.peerVersion("m2", { signal: signal(), timeoutMs: 1_500 }))).toBe("timeout");
      cluster.member("m2").cont();
      const took = await waitFor(
        "m2 answers",
        async () => (await door.memberStatus("m2", { signal: signal() })) !== undefined,
        SOON,
      );
      expect(took).toBeLessThan(3);
    });

    it("says that there is no leader when the majority is gone, while Status still answers", async () => {
      await cluster.waitHealthy();
      const door = await openKnowingDoor();
      await Promise.all([cluster.member("m2").kill(), cluster.member("m3").kill()]);
      await waitFor(
        "m1 knows no leader",
        async () => (await door.ownStatus({ signal: signal() })).leaderId === 0n,
        SOON,
      );
      expect(door.isOwnFailing()).toBe(false);
      expect(await reasonOf(door.read("linearizable", signal()))).toBe("no_leader");
      await door.read("serializable", signal());
      expect(door.isOwnFailing()).toBe(true);
      const limits = { signal: signal(), timeoutMs: 9_000 };
      expect((await door.healthBody("/readyz?verbose", limits)).body).toBe("404 page not found\n");
      const health = await door.healthBody("/health", limits);
      expect(health.body).toBe('{"health":"false"}\n');
      expect(health.asked).toMatch(/^127\.0\.0\.1:\d+\/health$/);
      expect((await door.ownStatus({ signal: signal() })).errors).toEqual(["etcdserver: no leader"]);
      expect((await door.memberList(signal())).members).toHaveLength(3);
      await Promise.all([cluster.member("m2").start(), cluster.member("m3").start()]);
      await cluster.waitHealthy();
      await door.read("linearizable", signal());
      expect(door.isOwnFailing()).toBe(false);
    });

    it("names what is wrong with a certificate", async () => {
      const m2 = cluster.member("m2");
      const expired = {
        notBefore: new Date(systemClock.nowMs() - 9 * DAY_MS),
        notAfter: new Date(systemClock.nowMs() - DAY_MS),
      };
      await cluster.pki.reissueMember(m2.identity, "server", expired);
      await cluster.pki.reissueMember(m2.identity, "peer", expired);
      const door = await openKnowingDoor();
      expect(await reasonOf(door.memberStatus("m2", { signal: signal() }))).toBe("tls_expired");
      expect(await reasonOf(door.peerVersion("m2", { signal: signal(), timeoutMs: 1_500 }))).toBe(
        "tls_expired",
      );
      expect(door.findLook("m2", "client")).toMatchObject({ tcp: "ok", tls: "failed", http: "unknown" });
      const elsewhere = { name: "m2", ips: ["10.1.2.3"], dnsNames: ["elsewhere"] };
      await cluster.pki.reissueMember(elsewhere, "server");
      await waitFor(
        "another certificate is met at the next handshake",
        async () => (await reasonOf(door.memberStatus("m2", { signal: signal() }))) === "tls_san_mismatch",
        SOON,
      );
      await cluster.pki.reissueMember(m2.identity, "server");
      await cluster.pki.reissueMember(m2.identity, "peer");
      await waitFor(
        "m2 answers",
        async () => (await door.memberStatus("m2", { signal: signal() })) !== undefined,
        SOON,
      );
    });

    it("tells an authority that it does not know from one that does not know its own", async () => {
      const stranger = await createEtcdPki(join(folder, "stranger"), []);
      const known = cluster.pki.client;
      const unknownCa = { ca: stranger.caPath, ...known };
      expect(await reasonOf(openDoor({ tls: unknownCa }).ownStatus({ signal: signal() }))).toBe(
        "tls_unknown_ca",
      );
      const rejected: TlsPaths = { ca: cluster.pki.caPath, ...stranger.client };
      const door = openDoor({ tls: rejected });
      expect(await reasonOf(door.ownStatus({ signal: signal() }))).toBe("tls_rejected");
    });

    it("says so when there is no certificate or it cannot be used", async () => {
      const { cert } = cluster.pki.client;
      const gone = { ca: cluster.pki.caPath, cert, key: join(folder, "gone.key") };
      expect(await reasonOf(openDoor({ tls: gone }).ownStatus({ signal: signal() }))).toBe("no_certificate");
      const garbled = { ca: cluster.pki.caPath, cert, key: cert };
      expect(await reasonOf(openDoor({ tls: garbled }).ownStatus({ signal: signal() }))).toBe(
        "no_certificate",
      );
      const none = openDoor({}, { "cert-file": "", "key-file": "" });
      expect(await reasonOf(none.ownStatus({ signal: signal() }))).toBe("no_certificate");
    });

    it("does not hold an HTTP server for an etcd", async () => {
      const server = createServer((_, response) => response.end("hello"));
      await new Promise<void>((resolve) => {
        server.listen(0, "127.0.0.1", resolve);
      });
      const { port } = server.address() as AddressInfo;
      const tls = openDoor({ endpoint: `https://127.0.0.1:${port}` });
      expect(await reasonOf(tls.ownStatus({ signal: signal() }))).toBe("tls_failed");
      const plain = openDoor({ endpoint: `http://127.0.0.1:${port}` });
      expect(["protocol", "reset"]).toContain(await reasonOf(plain.ownStatus({ signal: signal() })));
      server.close();
    });

    it("stops waiting when it is told to", async () => {
      await cluster.waitHealthy();
      const door = await openKnowingDoor();
      cluster.member("m2").stop();
      const controller = new AbortController();
      const call = reasonOf(door.memberStatus("m2", controller));
      controller.abort();
      expect(await call).toBe("timeout");
      cluster.member("m2").cont();
    });
  },
);

describe.skipIf(binaries.kind === "unavailable")(
  `agent/etcd/create-etcd-door on plain text${why}`,
  { timeout: 60_000 },
  () => {
    it("speaks with an etcd without TLS", async () => {
      if (binaries.kind === "unavailable") {
        return;
      }
      const folder = await createRunFolder();
      const cluster = await createEtcdCluster({ binaries, dir: folder, members: [{ name: "m1" }] });
      const m1 = cluster.member("m1");
      const noFiles = ["cert-file", "key-file", "trusted-ca-file", "client-cert-auth"].flatMap((name) => [
        [name, ""],
        [`peer-${name}`, ""],
      ]);
      const [client, peer] = [m1.clientUrl, m1.peerUrl].map((url) => url.replace("https:", "http:"));
      await m1.restart({
        ...(Object.fromEntries(noFiles) as Record<string, string>),
        "listen-client-urls": client ?? "",
        "advertise-client-urls": client ?? "",
        "listen-peer-urls": peer ?? "",
        "initial-advertise-peer-urls": peer ?? "",
        "initial-cluster": `m1=${peer}`,
      });
      const discovered = discoveredEtcd(m1.flags, { pid: m1.pid });
      const door = createEtcdDoor({
        discovered: () => discovered,
        config: configWith(),
        clock: systemClock,
        log: silentLog,
      });
      try {
        await waitFor(
          "it leads",
          async () => (await door.ownStatus({ signal: signal() })).leaderId !== 0n,
          SOON,
        );
        await door.read("linearizable", signal());
        expect(String(await door.metricsBody(signal()))).toContain("etcd_server_has_leader 1");
      } finally {
        await door.close();
        await cluster.stopAll();
        await removeFolderWithMounts(folder);
      }
    });
  },
);

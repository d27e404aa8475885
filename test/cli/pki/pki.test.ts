import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type PeerCertificate, type TLSSocket } from "node:tls";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runEtcdscope } from "../run-etcdscope.ts";

let dir = "";

function read(name: string): string {
  return readFileSync(join(dir, name), "utf8");
}

function pki(...args: readonly string[]): ReturnType<typeof runEtcdscope> {
  return runEtcdscope(["pki", ...args, "--dir", dir]);
}

beforeAll(async () => {
  dir = join(mkdtempSync(join(tmpdir(), "etcdscope-pki-")), "new", "pki");
  expect((await pki("init")).code).toBe(0);
  expect((await pki("issue-agent", "--cluster", "prod-a", "--node", "m1")).code).toBe(0);
  const hosts = ["--host", "localhost", "--host", "127.0.0.1", "--host", "::1"];
  expect((await pki("issue-collector", ...hosts)).code).toBe(0);
});

afterAll(() => rmSync(join(dir, "../.."), { recursive: true, force: true }));

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

describe("cli/pki", () => {
  it("keeps keys to their owner", () => {
    for (const key of ["ca.key", "agent-prod-a-m1.key", "collector.key"]) {
      expect(statSync(join(dir, key)).mode & 0o777, key).toBe(0o600);
      expect(read(key)).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    }
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  it("names the agent where the collector looks for it", () => {
    const agent = new X509Certificate(read("agent-prod-a-m1.crt"));
    expect(agent.subject).toBe("CN=agent:prod-a/m1");
    expect(agent.subjectAltName).toBe("URI:etcdscope://prod-a/m1");
    expect(agent.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
    expect(agent.publicKey.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
    expect(agent.ca).toBe(false);
  });

  it("names the collector by every host it was given", () => {
    const collector = new X509Certificate(read("collector.crt"));
    expect(collector.checkHost("localhost")).toBe("localhost");
    expect(collector.checkIP("127.0.0.1")).toBe("127.0.0.1");
    expect(collector.checkIP("::1")).toBe("::1");
    expect(collector.checkHost("other")).toBeUndefined();
  });

  it("lets an authority outlive what it signs", () => {
    const days = (name: string): number =>
      Math.round((new X509Certificate(read(name)).validToDate.getTime() - Date.now()) / 86_400_000);
    expect(days("ca.crt")).toBe(3650);
    expect(days("collector.crt")).toBe(825);
    expect(new X509Certificate(read("ca.crt")).ca).toBe(true);
  });

  it.skipIf(!hasOpenssl)("passes openssl's strict look at chain and purpose", () => {
    for (const [name, purpose, other] of [
      ["agent-prod-a-m1.crt", "sslclient", "sslserver"],
      ["collector.crt", "sslserver", "sslclient"],
    ] as const) {
      const verify = (use: string): number | null =>
        spawnSync(
          "openssl",
          ["verify", "-x509_strict", "-purpose", use, "-CAfile", join(dir, "ca.crt"), join(dir, name)],
          { encoding: "utf8" },
        ).status;
      expect([verify(purpose), verify(other)]).toEqual([0, 2]);
    }
  });

  it("lets agent and collector trust each other over TLS", async () => {
    const ca = read("ca.crt");
    let seen: PeerCertificate | undefined;
    const server = createServer(
      {
        ca,
        cert: read("collector.crt"),
        key: read("collector.key"),
        requestCert: true,
        rejectUnauthorized: true,
      },
      (socket: TLSSocket) => {
        seen = socket.getPeerCertificate();
        socket.end("hello");
      },
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const said = await new Promise<string>((resolve, reject) => {
      const client = connect({
        port,
        host: "127.0.0.1",
        ca,
        cert: read("agent-prod-a-m1.crt"),
        key: read("agent-prod-a-m1.key"),
      });
      client.on("data", (chunk) => resolve(chunk.toString()));
      client.on("error", reject);
    });
    server.close();
    expect(said).toBe("hello");
    expect(seen?.subjectaltname).toBe("URI:etcdscope://prod-a/m1");
  });

  it("overwrites nothing without --force", async () => {
    const before = read("ca.key");
    const refused = await pki("init");
    expect(refused.code).toBe(2);
    expect(refused.error).toBe(
      `etcdscope: ${dir}/ca.crt and ${dir}/ca.key already there; --force replaces\n`,
    );
    expect(read("ca.key")).toBe(before);
    const pair = read("collector.crt");
    expect((await pki("issue-collector", "--host", "localhost")).code).toBe(2);
    expect(read("collector.crt")).toBe(pair);
    expect(
      (await pki("issue-collector", "--host", "localhost", "--host", "127.0.0.1", "--force", "--days", "1"))
        .code,
    ).toBe(0);
    expect(read("collector.crt")).not.toBe(pair);
  });

  it.each([
    [["issue-agent", "--cluster", "a/b", "--node", "m1"], "--cluster: expected 1 to 63 characters"],
    [["issue-agent", "--cluster", "a".repeat(64), "--node", "m1"], "--cluster: expected 1 to 63 characters"],
    [["issue-agent", "--cluster", "a", "--node", ".."], "--node: expected 1 to 253 characters"],
    [["issue-collector", "--host", "a:7443"], "--host: expected an IP address or a host name"],
  ])("refuses %j", async (args, sentence) => {
    const { code, error } = await pki(...args);
    expect([code, error.includes(sentence)]).toEqual([2, true]);
  });

  it("says what is missing, and what does not fit", async () => {
    const other = join(dir, "../other");
    const none = await runEtcdscope(["pki", "issue-collector", "--host", "a", "--dir", other]);
    expect([none.code, none.error]).toEqual([
      1,
      `etcdscope: ${other}/ca.crt is not there; "etcdscope pki init" makes an authority\n`,
    ]);
    expect(existsSync(other)).toBe(false);
    await runEtcdscope(["pki", "init", "--dir", other]);
    writeFileSync(join(other, "ca.key"), read("ca.key"));
    const wrong = await runEtcdscope(["pki", "issue-collector", "--host", "a", "--dir", other]);
    expect([wrong.code, wrong.error]).toEqual([
      1,
      `etcdscope: ${other}/ca.key is not the key of ${other}/ca.crt\n`,
    ]);
  });
});

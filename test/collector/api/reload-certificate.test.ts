import { X509Certificate } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RELOAD_MS } from "../../../collector/api/reload-certificate.ts";
import { createManualClock } from "../../agent/manual-clock.ts";
import { createTestLog } from "../ingest/test-frames.ts";
import { createAuthority, issue, LOOPBACK, type TestAuthority } from "../ingest/test-pki.ts";
import { createExampleApi, type ExampleApi } from "./example-api.ts";

const folder = mkdtempSync(join(tmpdir(), "etcdscope-http-tls-"));
const inUse = { ca: undefined, cert: join(folder, "in-use.crt"), key: join(folder, "in-use.key") };
const clock = createManualClock();
const log = createTestLog();
let authority: TestAuthority;
let api: ExampleApi;
let port = 0;

async function put(name: string, { isWhole = true } = {}): Promise<string> {
  const files = await issue(authority, { name, names: LOOPBACK });
  copyFileSync(files.cert, inUse.cert);
  if (isWhole) {
    copyFileSync(files.key, inUse.key);
  }
  return new X509Certificate(readFileSync(files.cert)).serialNumber;
}

function servedSerial(): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

beforeAll(async () => {
  authority = await createAuthority(folder);
  await put("first");
  api = createExampleApi({ clock, log, http: { host: "127.0.0.1", port: 0, tls: inUse, tokens: [] } });
  await api.app.listen({ host: "127.0.0.1", port: 0 });
  port = (api.app.server.address() as AddressInfo).port;
});
afterAll(async () => {
  await api.app.close();
  rmSync(folder, { recursive: true });
});

describe("collector/api/reload-certificate", () => {
  it("serves a renewed certificate without a restart", async () => {
    const second = await put("second");
    expect(await servedSerial()).not.toBe(second);
    await clock.advance(RELOAD_MS);
    expect(await servedSerial()).toBe(second);
    expect(log.lines.map(({ sentence }) => sentence)).toEqual(["Certificate of the HTTP port was renewed."]);
  });

  it("keeps the old one while the new one is not whole or cannot be read, says so once, and takes it when it is", async () => {
    const before = await servedSerial();
    log.lines.length = 0;
    await put("third", { isWhole: false });
    await clock.advance(3 * RELOAD_MS);
    expect(await servedSerial()).toBe(before);
    expect(log.lines.map(({ level }) => level)).toEqual(["warn"]);
    writeFileSync(inUse.cert, "no certificate");
    await clock.advance(RELOAD_MS);
    expect(await servedSerial()).toBe(before);
    const fourth = await put("fourth");
    await clock.advance(RELOAD_MS);
    expect(await servedSerial()).toBe(fourth);
  });
});

import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CredentialSource } from "../../../agent/etcd/credentials.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { EtcdPki } from "../../lab/etcd-pki.ts";
import { createEtcdPki } from "../../lab/etcd-pki.ts";
import { waitFor } from "../../lab/wait-for.ts";
import { createManualClock } from "../manual-clock.ts";

const LIMITS = { timeoutMs: 5_000, signal: new AbortController().signal };
const SOON = { timeoutMs: 5_000, intervalMs: 10 };

describe("agent/etcd/credentials", () => {
  let folder: string;
  let pki: EtcdPki;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "etcdscope-credentials-"));
    pki = await createEtcdPki(folder, []);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("hands out the same credential until the files change, and a new version then", async () => {
    const clock = createManualClock();
    const source = new CredentialSource(clock, () => ({ ca: pki.caPath, ...pki.client }));
    expect(source.isSettled).toBe(false);
    await source.settle(LIMITS);
    expect(source.isSettled).toBe(true);
    const first = source.current();
    expect(source.current()).toBe(first);
    await pki.issue({ commonName: "renewed" }, pki.client);
    await waitFor(
      "the change is noticed",
      async () => {
        await clock.advance(10_000);
        return source.current().version > first.version;
      },
      SOON,
    );
    const second = source.current();
    await clock.advance(60_000);
    expect(source.current()).toBe(second);
  });

  it("looks at the files soon when TLS failed with them", async () => {
    const clock = createManualClock();
    const files = { cert: join(folder, "refused.crt"), key: join(folder, "refused.key") };
    await pki.issue({ commonName: "old" }, files);
    const source = new CredentialSource(clock, () => ({ ca: pki.caPath, ...files }));
    source.doubt();
    await source.settle(LIMITS);
    const first = source.current();
    await pki.issue({ commonName: "new" }, files);
    await clock.advance(1000);
    await waitFor(
      "the change is noticed",
      () => {
        source.doubt();
        return source.current().version > first.version;
      },
      SOON,
    );
  });

  it("keeps the last one that fitted while certificate and key do not", async () => {
    const clock = createManualClock();
    const files = { cert: join(folder, "other.crt"), key: join(folder, "other.key") };
    await pki.issue({ commonName: "one" }, files);
    const source = new CredentialSource(clock, () => ({ ca: pki.caPath, ...files }));
    await source.settle(LIMITS);
    const first = source.current();
    rmSync(files.key);
    await clock.advance(30_000);
    expect(source.current()).toBe(first);
    await clock.advance(30_000);
    expect(source.current()).toBe(first);
  });

  it("throws with reason no_certificate when nothing is configured or readable", async () => {
    const clock = createManualClock();
    for (const paths of [undefined, { ca: pki.caPath, cert: "/nowhere/a.crt", key: "/nowhere/a.key" }]) {
      const source = new CredentialSource(clock, () => paths);
      await source.settle(LIMITS);
      expect(() => source.current()).toThrow(expect.objectContaining({ reason: "no_certificate" }) as Error);
    }
  });

  it("waits for files that hang no longer than it is told to, and takes them when they come", async () => {
    const pipe = join(folder, "hangs.crt");
    execFileSync("mkfifo", [pipe]);
    const source = new CredentialSource(systemClock, () => ({ ca: "", cert: pipe, key: pki.client.key }));
    await source.settle({ ...LIMITS, timeoutMs: 20 });
    expect(() => source.current()).toThrow("does not answer");
    const writer = openSync(pipe, "w");
    writeSync(writer, readFileSync(pki.client.cert));
    closeSync(writer);
    await source.settle(LIMITS);
    expect(source.current().version).toBe(1);
  });
});

import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { chmodSync, existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRenewal, isRenewalDue } from "../../../agent/stream/renewal.ts";
import { createPlainTerminal } from "../../cli/plain-terminal.ts";
import { runEnroll } from "../../../cli/run-enroll.ts";
import { createToken, issueForAgent } from "../../../cli/pki/run-pki.ts";
import { createEnrolment } from "../../../collector/enrol/enrolment.ts";
import { createJoinToken, readJoinClaim, verifyJoinToken } from "../../../collector/enrol/join-token.ts";
import { createIngest, type Ingest } from "../../../collector/ingest/ingest.ts";
import { parseIdentity } from "../../../collector/ingest/identity.ts";
import { systemClock, type Clock } from "../../../shared/clock.ts";
import { requestCertificate, requestRenewal } from "../../../shared/enrolment-client.ts";
import { createTemporaryPki } from "../../cli/pki/temporary-pki.ts";
import { createMemoryStore } from "../ingest/harness.ts";

const DAY_MS = 86_400_000;
const silent = pino({ level: "silent" });

describe("collector/enrol", { timeout: 30_000 }, () => {
  let dir = "";
  let other = "";
  let ingest: Ingest;
  let collector = "";

  function newKey(): string {
    return generateKeyPairSync("ec", { namedCurve: "P-256" })
      .privateKey.export({ type: "pkcs8", format: "pem" })
      .toString();
  }

  async function newToken(node = "m7", hours = 1, pki = dir): Promise<string> {
    return (await createToken({ dir: pki, clock: systemClock }, { cluster: "prod-a", node, hours })).trim();
  }

  beforeAll(async () => {
    dir = await createTemporaryPki();
    other = await createTemporaryPki();
    await newToken();
    const file = (name: string): string => join(dir, name);
    ingest = createIngest({
      config: {
        host: "127.0.0.1",
        port: 0,
        tls: { ca: file("ca.crt"), cert: file("collector.crt"), key: file("collector.key") },
      },
      enrolment: createEnrolment({
        paths: {
          ca: file("ca.crt"),
          key: file("ca.key"),
          joinKey: file("join.key"),
          used: file("used.json"),
        },
        clock: systemClock,
        log: silent,
      }),
      history: createMemoryStore(),
      clock: systemClock,
      log: silent,
      onFrames: () => undefined,
      onStreamState: () => undefined,
    });
    collector = `127.0.0.1:${await ingest.start()}`;
  });

  afterAll(async () => {
    await ingest.stop();
    [dir, other].forEach((one) => rmSync(one, { recursive: true, force: true }));
  });

  it("gives a node a certificate of 90 days for its own name and its own key, once", async () => {
    const token = await newToken();
    const key = newKey();
    const { authorityHash } = readJoinClaim(token);
    const { certificate, ca } = await requestCertificate(collector, { token, authorityHash, key });
    const parsed = new X509Certificate(certificate);
    expect(ca).toBe(readFileSync(join(dir, "ca.crt"), "utf8"));
    expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(parseIdentity(parsed.subjectAltName)).toEqual({ cluster: "prod-a", node: "m7" });
    const days = (Date.parse(parsed.validTo) - systemClock.nowMs()) / DAY_MS;
    expect(Math.abs(days - 90)).toBeLessThan(0.1);
    await expect(requestCertificate(collector, { token, authorityHash, key: newKey() })).rejects.toThrow(
      "The token was used before",
    );
    expect(readFileSync(join(dir, "used.json"), "utf8")).toContain(readJoinClaim(token).id);
  });

  it("does not tell the token to a collector that the token does not name", async () => {
    const foreign = await newToken("m7", 1, other);
    const { authorityHash } = readJoinClaim(foreign);
    await expect(
      requestCertificate(collector, { token: foreign, authorityHash, key: newKey() }),
    ).rejects.toThrow("does not show the authority");
  });

  it("refuses a token that is not sealed by its own key, one of another node in disguise, and one that is over", async () => {
    const { authorityHash } = readJoinClaim(await newToken());
    const claim = { cluster: "prod-a", node: "m7", id: "1", authorityHash, expiresAtMs: 2 };
    expect(() => verifyJoinToken(createJoinToken(claim, "a"), "b", 1)).toThrow("not one of this collector's");
    const [prefix, , seal] = createJoinToken(claim, "a").split(".");
    const body = Buffer.from(JSON.stringify({ ...claim, node: "m1" })).toString("base64url");
    expect(() => verifyJoinToken([prefix, body, seal].join("."), "a", 1)).toThrow("not one of");
    expect(() => verifyJoinToken(createJoinToken(claim, "a"), "a", 2)).toThrow("expired");
    expect(() => verifyJoinToken("x", "a", 2)).toThrow("not one of");
    const forged = createJoinToken({ ...claim, expiresAtMs: systemClock.nowMs() + DAY_MS }, "guessed");
    await expect(
      requestCertificate(collector, { token: forged, authorityHash, key: newKey() }),
    ).rejects.toThrow("not one of this collector's");
  });

  it("renews only for the node that the certificate in force names", async () => {
    const read = (name: string): string => readFileSync(join(dir, name), "utf8");
    const pair = { ca: read("ca.crt"), cert: read("agent-prod-a-m1.crt"), key: read("agent-prod-a-m1.key") };
    const renewed = new X509Certificate((await requestRenewal(collector, pair)).certificate);
    expect(parseIdentity(renewed.subjectAltName)).toEqual({ cluster: "prod-a", node: "m1" });
    expect(renewed.checkPrivateKey(createPrivateKey(pair.key))).toBe(true);

    // Its own authority's certificate opens nothing here.
    const stranger = readFileSync(join(other, "agent-prod-a-m1.crt"), "utf8");
    const strangersKey = readFileSync(join(other, "agent-prod-a-m1.key"), "utf8");
    await expect(
      requestRenewal(collector, { ca: pair.ca, cert: stranger, key: strangersKey }),
    ).rejects.toThrow("needs the certificate that is to be renewed");
  });

  it("enroll writes what the agent needs, belonging to the folder's owner, and touches nothing that is there", async () => {
    const place = join(dir, "node");
    const config = join(place, "agent.yaml");
    const terminal = createPlainTerminal();
    const request = { collector, token: await newToken("m8"), dir: place, config, force: false };
    expect(await runEnroll(request, terminal)).toBe(0);
    expect(statSync(join(place, "agent.key")).mode & 0o777).toBe(0o600);
    expect(readFileSync(config, "utf8")).toContain("node: m8");
    expect(readFileSync(config, "utf8")).toContain(`- ${collector}`);
    const before = readFileSync(join(place, "agent.crt"), "utf8");
    await expect(runEnroll({ ...request, token: await newToken("m8") }, terminal)).rejects.toThrow(
      "already there",
    );
    // A token that was used leaves the pair that works.
    await expect(runEnroll({ ...request, force: true }, terminal)).rejects.toThrow("used before");
    expect(readFileSync(join(place, "agent.crt"), "utf8")).toBe(before);
    expect(existsSync(join(place, "agent.key.new"))).toBe(false);
  });

  it("the agent renews at three fifths of the life, in one step, with whichever collector answers", async () => {
    const day = { fromMs: 0, toMs: 100 };
    expect([59, 60, 99, 100].map((nowMs) => isRenewalDue(day, nowMs))).toEqual([false, true, true, false]);

    await issueForAgent(
      { dir, days: 90, force: false, clock: systemClock },
      { cluster: "prod-a", node: "m9" },
    );
    const tls = {
      ca: join(dir, "ca.crt"),
      cert: join(dir, "agent-prod-a-m9.crt"),
      key: join(dir, "agent-prod-a-m9.key"),
    };
    chmodSync(tls.cert, 0o644);
    const before = new X509Certificate(readFileSync(tls.cert));
    const rings: (() => void)[] = [];
    const clock: Clock = {
      ...systemClock,
      nowMs: () => systemClock.nowMs() + 60 * DAY_MS,
      after: (_, call) => {
        rings.push(call);
        return { cancel: () => undefined };
      },
    };
    const renewal = createRenewal({
      tls,
      collectors: ["127.0.0.1:1", collector],
      clock,
      random: () => 0,
      log: silent,
    });
    renewal.start();
    rings.shift()?.();
    await expect
      .poll(() => new X509Certificate(readFileSync(tls.cert)).serialNumber, { timeout: 10_000 })
      .not.toBe(before.serialNumber);
    expect(parseIdentity(new X509Certificate(readFileSync(tls.cert)).subjectAltName)).toEqual({
      cluster: "prod-a",
      node: "m9",
    });
  });
});

import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { isRevoked, parseRevocationList } from "../../../collector/ingest/revocation-list.ts";
import { createHarness, createMemoryStore, type Harness } from "./harness.ts";
import { agentName, createAuthority, issue } from "./test-pki.ts";
import { waitFor } from "./wait-for.ts";

describe("collector/ingest/revocation-list", () => {
  it("takes serial numbers and fingerprints as openssl prints them, with remarks", () => {
    const list = parseRevocationList(
      `# stolen\n00:7a:FF  # m1\n\nserial=4B\nsha256 Fingerprint=${"ab:".repeat(31)}ab\n`,
    );
    expect([...list.entries]).toEqual(["7AFF", "4B", "AB".repeat(32)]);
    expect(isRevoked(list, { serialNumber: "7AFF" })).toBe(true);
    expect(isRevoked(list, { serialNumber: "7AFE" })).toBe(false);
    expect(isRevoked(list, { fingerprint256: "AB:".repeat(31) + "AB" })).toBe(true);
    expect(isRevoked(list, {})).toBe(false);
  });

  it("names the line that is neither, as a list that is half read would let somebody in", () => {
    expect(() => parseRevocationList("7a\nm1\n")).toThrow("Line 2");
  });
});

describe("collector/ingest/listener", { timeout: 30_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "etcdscope-revoked-"));
  let harness: Harness | undefined;

  afterEach(async () => {
    await harness?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("cuts off an agent as soon as its certificate is on the list, keeps it out, and leaves others alone", async () => {
    const authority = await createAuthority(folder);
    const revoked = join(folder, "revoked.txt");
    writeFileSync(revoked, "# none yet\n");
    const store = createMemoryStore();
    harness = await createHarness(store, { authority, revoked });
    const tls = await issue(authority, { name: "m1", names: agentName("prod-a", "m1") });
    const stolen = await harness.agent({ node: "m1", tls });
    const other = await harness.agent({ node: "m2" });
    await waitFor("both stream", () =>
      [stolen, other].every(({ client }) => client.status().state === "streaming"),
    );
    const { serialNumber } = new X509Certificate(readFileSync(tls.cert));
    writeFileSync(revoked, `${serialNumber} # stolen\n`);
    await waitFor("the stolen one is out", () => stolen.client.status().state !== "streaming");
    stolen.push(5);
    other.push(5);
    await waitFor("the other one's frames", () => other.queue.size() === 0);
    expect(other.client.status().state).toBe("streaming");
    await waitFor("it tried again", () => (harness?.ingest.counters.rejectedConnectionsTotal ?? 0) >= 2);
    expect(new Set(store.frames.map(({ agent }) => agent.node))).toEqual(new Set(["m2"]));
  });

  it("speaks TLS 1.3 and nothing older", async () => {
    harness = await createHarness();
    const { port } = harness;
    const tls = await harness.issue({ name: "m1", names: agentName("prod-a", "m1") });
    const files = { ca: readFileSync(tls.ca), cert: readFileSync(tls.cert), key: readFileSync(tls.key) };
    const tries = (["TLSv1.2", "TLSv1.3"] as const).map(
      async (maxVersion) =>
        await new Promise<string>((resolve) => {
          const socket = connect({ ...files, host: "127.0.0.1", port, maxVersion, ALPNProtocols: ["h2"] });
          socket.once("secureConnect", () => {
            resolve(socket.getProtocol() ?? "");
            socket.destroy();
          });
          socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
        }),
    );
    expect(await Promise.all(tries)).toEqual(["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", "TLSv1.3"]);
  });
});

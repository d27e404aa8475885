/** A handshake that the other side is slow with is never cut off, though nobody waits for it any more: etcd would log it. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecureContext, TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CredentialSource } from "../../../agent/etcd/credentials.ts";
import { GrpcConnection } from "../../../agent/etcd/grpc-connection.ts";
import { encodeGrpcFrame } from "../../../agent/etcd/grpc-frame.ts";
import { HttpConnection } from "../../../agent/etcd/http-connection.ts";
import { systemClock } from "../../../shared/clock.ts";
import { createAuthority, issue, LOOPBACK } from "../../collector/ingest/test-pki.ts";

const GIVES_UP_AFTER_MS = 300;
const ANSWERS_AFTER_MS = 600;

let dir: string;
let server: Server;
let credentials: CredentialSource;
/** How each connection's handshake came to its end. */
let ends: Promise<string>[] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "give-up-"));
  const authority = await createAuthority(dir);
  const tls = await issue(authority, { name: "etcd", names: LOOPBACK });
  const secureContext = createSecureContext({ cert: readFileSync(tls.cert), key: readFileSync(tls.key) });
  credentials = new CredentialSource(systemClock, () => tls);
  server = createServer((socket) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    ends.push(promise);
    setTimeout(() => {
      const secured = new TLSSocket(socket, {
        isServer: true,
        secureContext,
        ALPNProtocols: ["h2", "http/1.1"],
      });
      secured.once("secure", () => resolve("done"));
      secured.once("error", (error) => resolve(error.message));
      secured.once("close", () => resolve("cut off"));
      secured.resume();
    }, ANSWERS_AFTER_MS);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterAll(() => {
  server.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A name server that answers after a second and more cannot be had here; that the time is taken can. */
describe("agent/etcd/open-socket, names", () => {
  it("says what looking up a name took, and nothing of an address", async () => {
    for (const [host, want] of [
      ["localhost", true],
      ["127.0.0.1", false],
    ] as const) {
      const address = { ...options().address, host };
      const connection = new HttpConnection({ ...options(), address, maxAgeMs: 60_000 });
      await connection
        .get({ path: "/version", timeoutMs: 3000, signal: asker.signal })
        .catch(() => undefined);
      expect(connection.look?.lookupMs !== undefined, host).toBe(want);
      await connection.close();
    }
  });
});

function options(): ConstructorParameters<typeof GrpcConnection>[0] {
  const { port } = server.address() as AddressInfo;
  return { address: { host: "127.0.0.1", port, isTls: true }, credentials, clock: systemClock };
}

const asker = new AbortController();
const limits = { timeoutMs: GIVES_UP_AFTER_MS, asker, signal: asker.signal };

describe("agent/etcd/open-socket", () => {
  it("lets a gRPC connection that nobody waits for any more come to the end of its handshake", async () => {
    ends = [];
    const connection = new GrpcConnection(options());
    const call = connection.call({
      ...limits,
      path: "/etcdserverpb.Maintenance/Status",
      frame: encodeGrpcFrame(new Uint8Array()),
    });
    await expect(call).rejects.toThrow("did not answer the TLS handshake");
    expect(await Promise.all(ends)).toEqual(["done"]);
    await connection.close();
  });

  it("lets one for GET requests do the same", async () => {
    ends = [];
    const connection = new HttpConnection({ ...options(), maxAgeMs: 60_000 });
    await expect(connection.get({ ...limits, path: "/version" })).rejects.toThrow(
      "did not answer the TLS handshake",
    );
    expect(await Promise.all(ends)).toEqual(["done"]);
    await connection.close();
  });

  it("ends a connection to one that listens and never speaks, which says no goodbye either", async () => {
    const sockets: Socket[] = [];
    const mute = createServer((socket) => void sockets.push(socket));
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    const { port } = mute.address() as AddressInfo;
    const plain = { ...options(), address: { host: "127.0.0.1", port, isTls: false } };
    const connection = new GrpcConnection(plain);
    const path = "/etcdserverpb.Maintenance/Status";
    const call = connection.call({ ...limits, path, frame: encodeGrpcFrame(new Uint8Array()) });
    await expect(call).rejects.toThrow("did not answer");
    await connection.close();
    const [socket] = sockets;
    const ended = once(socket!, "close");
    socket!.on("error", () => undefined).resume();
    await ended;
    mute.close();
  });
});

/** The node's half of an enrolment: asks over TLS, and believes nobody whose certificate the pinned authority did not sign. */
import { createPrivateKey, createPublicKey, sign, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { checkServerIdentity, connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import {
  certificateHash,
  ENROLMENT_PROTOCOL,
  MAX_LINE_BYTES,
  parseEnrolmentAnswer,
  proofText,
  type EnrolmentAnswer,
  type EnrolmentRequest,
} from "./enrolment.ts";
import { EtcdscopeError } from "./errors.ts";
import { parseAddress } from "./config/parse-address.ts";

export interface EnrolmentResult {
  readonly certificate: string;
  readonly ca: string;
}

const TIMEOUT_MS = 10_000;

/** With a join token; `authorityHash` is the pin that the token carries. `key` is PEM and stays here. */
export async function requestCertificate(
  collector: string,
  join: { readonly token: string; readonly authorityHash: string; readonly key: string },
): Promise<EnrolmentResult> {
  return await converse(collector, { rejectUnauthorized: false }, async (ask, socket) => {
    // The token is a secret: it is not told before the other side has proved itself.
    const answer = await ask({ want: "authority" });
    if (answer.kind !== "authority" || certificateHash(answer.ca) !== join.authorityHash) {
      throw new EtcdscopeError("TLS_FAILED", `${collector} does not show the authority that the token names`);
    }
    assertSignedBy(socket, answer.ca, collector);
    const publicKey = publicKeyOf(join.key);
    const proof = prove(join.key, proofText({ token: join.token, publicKey }));
    return takeCertificate(
      await ask({ want: "certificate", token: join.token, publicKey, proof }),
      answer.ca,
    );
  });
}

/** With the certificate in force, for the same key. */
export async function requestRenewal(
  collector: string,
  tls: { readonly ca: string; readonly cert: string; readonly key: string },
): Promise<EnrolmentResult> {
  return await converse(collector, { ...tls, rejectUnauthorized: true }, async (ask) => {
    const publicKey = publicKeyOf(tls.key);
    const proof = prove(tls.key, proofText({ publicKey }));
    return takeCertificate(await ask({ want: "renewal", publicKey, proof }), tls.ca);
  });
}

function publicKeyOf(key: string): string {
  return createPublicKey(createPrivateKey(key)).export({ type: "spki", format: "pem" }).toString();
}

function prove(key: string, text: string): string {
  return sign("sha256", Buffer.from(text), createPrivateKey(key)).toString("base64");
}

function takeCertificate(answer: EnrolmentAnswer, ca: string): EnrolmentResult {
  if (answer.kind === "refused") {
    throw new EtcdscopeError("PERMISSION_DENIED", `The collector refused: ${answer.because}`);
  }
  if (answer.kind !== "certificate" || !isSignedBy(answer.certificate, ca)) {
    throw new EtcdscopeError("PROTOCOL_ERROR", "Expected a certificate signed by the collector's authority");
  }
  return { certificate: answer.certificate, ca };
}

function isSignedBy(certificate: string | Buffer, ca: string): boolean {
  const authority = new X509Certificate(ca);
  const leaf = new X509Certificate(certificate);
  return authority.ca && leaf.checkIssued(authority) && leaf.verify(authority.publicKey);
}

function assertSignedBy(socket: TLSSocket, ca: string, collector: string): void {
  const peer = socket.getPeerCertificate();
  const host = parseAddress(collector)?.host ?? collector;
  const wrongName = checkServerIdentity(host, peer);
  if (peer.raw === undefined || !isSignedBy(peer.raw, ca) || wrongName !== undefined) {
    const why = wrongName?.message ?? "its certificate is not signed by the authority that the token names";
    throw new EtcdscopeError("TLS_FAILED", `${collector} is not trusted: ${why}`);
  }
}

type Ask = (request: EnrolmentRequest) => Promise<EnrolmentAnswer>;

async function converse<T>(
  collector: string,
  tls: ConnectionOptions,
  talk: (ask: Ask, socket: TLSSocket) => Promise<T>,
): Promise<T> {
  const address = parseAddress(collector);
  if (address === undefined) {
    throw new EtcdscopeError("ARGUMENT_INVALID", `Expected host:port, got "${collector}"`);
  }
  const { host, port } = address;
  const socket = connect({
    ...tls,
    host,
    port,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    minVersion: "TLSv1.3",
    ALPNProtocols: [ENROLMENT_PROTOCOL],
  });
  const lines = createLineReader(socket, collector);
  try {
    await lines.connected;
    return await talk(async (request) => {
      socket.write(`${JSON.stringify(request)}\n`);
      return parseEnrolmentAnswer(await lines.next());
    }, socket);
  } finally {
    socket.destroy();
  }
}

interface LineReader {
  readonly connected: Promise<void>;
  next(): Promise<string>;
}

function createLineReader(socket: TLSSocket, collector: string): LineReader {
  let text = "";
  let failure: EtcdscopeError | undefined;
  let wake: () => void = () => undefined;
  function fail(message: string, cause?: unknown): void {
    failure ??= new EtcdscopeError("UNAVAILABLE", `No enrolment at ${collector}: ${message}`, { cause });
    wake();
  }
  const connected = new Promise<void>((resolve, reject) => {
    socket.once("secureConnect", resolve);
    wake = () => (failure === undefined ? undefined : reject(failure));
  });
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
  socket.setEncoding("utf8");
  socket.on("error", (error) => fail(error.message, error));
  socket.on("close", () => fail("the connection was closed"));
  socket.on("data", (part: string) => {
    text += part;
    if (text.length > MAX_LINE_BYTES) {
      socket.destroy(new Error("the answer is too long"));
    }
    wake();
  });
  return {
    connected,
    next: async () => {
      while (!text.includes("\n")) {
        if (failure !== undefined) {
          throw failure;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const end = text.indexOf("\n");
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      return line;
    },
  };
}

/** Gives nodes their certificates: for a join token once, and again for one that is still good. */
import { createPublicKey, verify, webcrypto } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { TLSSocket } from "node:tls";
import type { Clock } from "../../shared/clock.ts";
import {
  MAX_LINE_BYTES,
  parseEnrolmentRequest,
  proofText,
  type EnrolmentAnswer,
  type EnrolmentRequest,
} from "../../shared/enrolment.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { AgentIdentity } from "../../shared/frame.ts";
import { isName, LIMITS } from "../../shared/limits.ts";
import type { Logger } from "../../shared/log-line.ts";
import type { EnrolPaths } from "../config.ts";
import { certifyAgent, parseAuthority } from "./certificate-authority.ts";
import { verifyJoinToken } from "./join-token.ts";
import { createUsedTokens } from "./used-tokens.ts";

/** Renewed before two thirds of it are over. */
const CERTIFICATE_DAYS = 90;
/** A conversation is three lines. */
const CONVERSATION_MS = 10_000;
const MAX_LINES = 3;

export interface Enrolment {
  /** `identity` is what the peer's certificate proves; undefined without one. */
  serve(socket: TLSSocket, identity: AgentIdentity | undefined): void;
}

export interface EnrolmentOptions {
  readonly paths: EnrolPaths;
  readonly clock: Clock;
  readonly log: Logger;
}

export function createEnrolment({ paths, clock, log }: EnrolmentOptions): Enrolment {
  const used = createUsedTokens(paths.used);

  async function answer(
    request: EnrolmentRequest,
    identity: AgentIdentity | undefined,
  ): Promise<EnrolmentAnswer> {
    // Read each time: an authority's key is not kept in memory for the few times a year that it is needed.
    const ca = await readFile(paths.ca, "utf8");
    if (request.want === "authority") {
      return { kind: "authority", ca };
    }
    const agent = await identify(request, identity);
    const authority = await parseAuthority(ca, await readFile(paths.key, "utf8"));
    const validity = { nowMs: clock.nowMs(), days: CERTIFICATE_DAYS };
    const { certificate } = await certifyAgent(
      authority,
      { ...agent, publicKey: await importKey(request.publicKey) },
      validity,
    );
    log.info({ audit: true, ...agent, want: request.want }, "A certificate was given to a node.");
    return { kind: "certificate", certificate, ca };
  }

  /** Throws PERMISSION_DENIED unless the asker holds the key and is somebody. */
  async function identify(
    request: Exclude<EnrolmentRequest, { readonly want: "authority" }>,
    identity: AgentIdentity | undefined,
  ): Promise<AgentIdentity> {
    if (!isProved(request)) {
      throw new EtcdscopeError("PERMISSION_DENIED", "The request is not signed by the key that it names");
    }
    if (request.want === "renewal") {
      if (identity === undefined) {
        throw new EtcdscopeError(
          "PERMISSION_DENIED",
          "A renewal needs the certificate that is to be renewed",
        );
      }
      return identity;
    }
    const joinKey = (await readFile(paths.joinKey, "utf8")).trim();
    const claim = verifyJoinToken(request.token, joinKey, clock.nowMs());
    if (!isName(claim.cluster, LIMITS.clusterCharacters) || !isName(claim.node, LIMITS.nodeCharacters)) {
      throw new EtcdscopeError("PERMISSION_DENIED", "The token names no cluster and node");
    }
    used.use(claim.id, claim.expiresAtMs, clock.nowMs());
    return { cluster: claim.cluster, node: claim.node };
  }

  async function converse(
    line: string,
    socket: TLSSocket,
    identity: AgentIdentity | undefined,
  ): Promise<boolean> {
    let said: EnrolmentAnswer;
    try {
      said = await answer(parseEnrolmentRequest(line), identity);
    } catch (caught) {
      const error = EtcdscopeError.from(caught, "STORAGE_FAILED");
      log.warn({ audit: true, error, remote: socket.remoteAddress }, "An enrolment was refused.");
      // What is wrong with our own files is no business of a stranger.
      const isTold = error.code === "PERMISSION_DENIED" || error.code === "PROTOCOL_ERROR";
      said = { kind: "refused", because: isTold ? error.message : "the collector cannot enrol now" };
    }
    if (!socket.destroyed) {
      socket.write(`${JSON.stringify(said)}\n`);
    }
    return said.kind === "authority";
  }

  return {
    serve(socket, identity) {
      const limit = clock.after(CONVERSATION_MS, () => socket.destroy());
      let text = "";
      let lines = 0;
      let isBusy = false;
      socket.once("close", () => limit.cancel());
      socket.setEncoding("utf8");
      socket.on("data", (part: string) => {
        text += part;
        if (text.length > MAX_LINE_BYTES) {
          socket.destroy();
          return;
        }
        readOn();
      });

      function readOn(): void {
        const end = text.indexOf("\n");
        if (end < 0 || isBusy || socket.destroyed) {
          return;
        }
        const line = text.slice(0, end);
        text = text.slice(end + 1);
        lines += 1;
        isBusy = true;
        // converse answers for its own errors; what is left would be ours.
        void converse(line, socket, identity).then(
          (goesOn) => {
            isBusy = false;
            if (goesOn && lines < MAX_LINES) {
              readOn();
            } else {
              socket.end();
            }
          },
          (error: unknown) => {
            log.error({ error }, "An enrolment broke.");
            socket.destroy();
          },
        );
      }
    },
  };
}

function isProved(request: {
  readonly token?: string;
  readonly publicKey: string;
  readonly proof: string;
}): boolean {
  try {
    return verify(
      "sha256",
      Buffer.from(proofText(request)),
      createPublicKey(request.publicKey),
      Buffer.from(request.proof, "base64"),
    );
  } catch {
    // No key at all.
    return false;
  }
}

/** Only the kind of key that the authority itself uses: P-256. */
async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  try {
    const der = createPublicKey(pem).export({ type: "spki", format: "der" });
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    return await webcrypto.subtle.importKey("spki", der, algorithm, true, ["verify"]);
  } catch (error) {
    throw new EtcdscopeError("PERMISSION_DENIED", "Expected a public key on P-256", { cause: error });
  }
}

/** Reads the HTTP port's certificate again while it serves, so that a renewed one comes into force without a restart. */
import { readFileSync } from "node:fs";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import type { Server as HttpsServer } from "node:https";
import type { Clock, Timer } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log-line.ts";
import type { HttpTlsPaths } from "../config.ts";

export const RELOAD_MS = 60_000;

export interface ReloadOptions {
  readonly server: Pick<HttpsServer, "setSecureContext">;
  readonly tls: HttpTlsPaths;
  /** What `server` was made with. */
  readonly inForce: HttpTlsMaterial;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface HttpTlsMaterial {
  readonly ca: Buffer | undefined;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Returns how to stop. What cannot be read, or does not belong together, is told and changes nothing. */
export function reloadCertificate(options: ReloadOptions): () => void {
  const { server, tls, clock, log } = options;
  let { inForce } = options;
  let timer: Timer | undefined;
  let toldFailure = "";

  function look(): void {
    const read = readMaterial(tls);
    if (isSame(read, inForce)) {
      return;
    }
    const context = toContext(read);
    // Certificate and key of two renewals do not fit: while they are being replaced, the old ones hold.
    createSecureContext(context);
    server.setSecureContext(context);
    inForce = read;
    toldFailure = "";
    log.info({ cert: tls.cert }, "Certificate of the HTTP port was renewed.");
  }

  function schedule(): void {
    timer = clock.after(RELOAD_MS, () => {
      try {
        look();
      } catch (error) {
        if (String(error) !== toldFailure) {
          toldFailure = String(error);
          log.warn(
            { error, cert: tls.cert },
            "Certificate could not be read again; the old one stays in force.",
          );
        }
      }
      schedule();
    });
  }

  schedule();
  return () => {
    timer?.cancel();
  };
}

/** Throws when one cannot be read. Small files, once a minute. */
export function readMaterial({ ca, cert, key }: HttpTlsPaths): HttpTlsMaterial {
  return {
    ca: ca === undefined ? undefined : readFileSync(ca),
    cert: readFileSync(cert),
    key: readFileSync(key),
  };
}

export function toContext({ ca, cert, key }: HttpTlsMaterial): SecureContextOptions {
  return { ...(ca === undefined ? {} : { ca }), cert, key, minVersion: "TLSv1.2" };
}

function isSame(one: HttpTlsMaterial, other: HttpTlsMaterial): boolean {
  return (
    one.cert.equals(other.cert) &&
    one.key.equals(other.key) &&
    (one.ca === undefined || other.ca === undefined ? one.ca === other.ca : one.ca.equals(other.ca))
  );
}

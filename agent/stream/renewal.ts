/**
 * Renews the agent's certificate before two thirds of its life are over, with whichever collector does it, for the same
 * key, so that one file is replaced in one step and the pair always fits.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import type { Clock, Timer } from "../../shared/clock.ts";
import { requestRenewal } from "../../shared/enrolment-client.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log-line.ts";
import type { TlsPaths } from "../config.ts";

export interface RenewalOptions {
  readonly tls: TlsPaths;
  readonly collectors: readonly string[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

export interface Renewal {
  start(): void;
  stop(): void;
}

/** Of the life of a certificate; what fails has until its end. */
const DUE_AT = 0.6;
/** One look costs a file of a kilobyte. */
const LOOK_EVERY_MS = 3_600_000;

/** Pure. A certificate that is over cannot be renewed with itself. */
export function isRenewalDue(
  validity: { readonly fromMs: number; readonly toMs: number },
  nowMs: number,
): boolean {
  const { fromMs, toMs } = validity;
  return nowMs >= fromMs + (toMs - fromMs) * DUE_AT && nowMs < toMs;
}

export function createRenewal(options: RenewalOptions): Renewal {
  const { tls, clock, log } = options;
  let timer: Timer | undefined;
  let failures = 0;

  async function look(): Promise<void> {
    const cert = await readFile(tls.cert, "utf8");
    const { validFrom, validTo } = new X509Certificate(cert);
    if (!isRenewalDue({ fromMs: Date.parse(validFrom), toMs: Date.parse(validTo) }, clock.nowMs())) {
      return;
    }
    const [ca, key] = await Promise.all([readFile(tls.ca, "utf8"), readFile(tls.key, "utf8")]);
    const renewed = await ask({ ca, cert, key });
    assertFits(renewed, key);
    await writeFile(`${tls.cert}.new`, renewed, { mode: 0o644 });
    await rename(`${tls.cert}.new`, tls.cert);
    const until = new X509Certificate(renewed).validTo;
    log.info({ cert: tls.cert, until }, "The agent's certificate was renewed.");
    failures = 0;
  }

  async function ask(pair: {
    readonly ca: string;
    readonly cert: string;
    readonly key: string;
  }): Promise<string> {
    let last: unknown;
    for (const collector of options.collectors) {
      try {
        return (await requestRenewal(collector, pair)).certificate;
      } catch (error) {
        last = error;
      }
    }
    throw EtcdscopeError.from(last);
  }

  function schedule(delayMs: number): void {
    timer = clock.after(delayMs, () => {
      // Both ways out are handled, so the chain cannot reject.
      void look().then(
        () => schedule(LOOK_EVERY_MS),
        (error: unknown) => {
          failures += 1;
          // Once a day is enough for what has weeks left.
          if (failures % 24 === 1) {
            log.warn(
              { error, cert: tls.cert },
              "The certificate is due and could not be renewed; trying again.",
            );
            void rm(`${tls.cert}.new`, { force: true }).catch(() => undefined);
          }
          schedule(LOOK_EVERY_MS);
        },
      );
    });
  }

  return {
    // Spread, so that a fleet enrolled together does not come back together.
    start: () => schedule(60_000 + options.random() * LOOK_EVERY_MS),
    stop: () => timer?.cancel(),
  };
}

function assertFits(certificate: string, key: string): void {
  const parsed = new X509Certificate(certificate);
  if (!parsed.checkPrivateKey(createPrivateKey(key))) {
    throw new EtcdscopeError("PROTOCOL_ERROR", "The renewed certificate is for another key");
  }
}

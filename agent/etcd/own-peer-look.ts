/**
 * What the own member's peer port shows to the others: one connection made as they make theirs, asked for /version and closed.
 * Seldom, because each is a handshake of etcd's; and etcd's log is not to hold a line of it.
 */
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { Address } from "./address.ts";
import type { CredentialSource, ReadLimits } from "./credentials.ts";
import { HttpConnection } from "./http-connection.ts";
import type { ServedCertificate } from "./served-certificate.ts";

/** A certificate that has changed is looked for at once. */
const LOOK_EVERY_US = 15 * 60_000_000;

export class OwnPeerLook {
  readonly #credentials: CredentialSource;
  readonly #clock: Clock;
  #served: ServedCertificate | undefined;
  #lookedUs = Number.NEGATIVE_INFINITY;
  #version = 0;
  /** etcd, or we, refused the certificates of this version: each try more would be a line in etcd's log. */
  #refusedVersion = 0;

  constructor(credentials: CredentialSource, clock: Clock) {
    this.#credentials = credentials;
    this.#clock = clock;
  }

  get served(): ServedCertificate | undefined {
    return this.#served;
  }

  /** Another process: what the last one showed says nothing. */
  forget(): void {
    this.#served = undefined;
    this.#lookedUs = Number.NEGATIVE_INFINITY;
    this.#refusedVersion = 0;
  }

  /** Rejects with what kept it from being made. */
  async lookWhenDue(address: Address, limits: ReadLimits): Promise<void> {
    if (!address.isTls) {
      return;
    }
    await this.#credentials.settle(limits);
    const { version } = this.#credentials.current();
    const nowUs = this.#clock.monotonicUs();
    const isDue = version !== this.#version || nowUs - this.#lookedUs >= LOOK_EVERY_US;
    if (!isDue || version === this.#refusedVersion) {
      return;
    }
    this.#lookedUs = nowUs;
    this.#version = version;
    const [credentials, clock] = [this.#credentials, this.#clock];
    const connection = new HttpConnection({ address, credentials, clock, maxAgeMs: LOOK_EVERY_US / 1000 });
    try {
      await connection.get({ path: "/version", ...limits });
    } catch (caught) {
      const error = EtcdscopeError.from(caught);
      if (error.code === "TLS_FAILED") {
        this.#refusedVersion = version;
      }
      throw error;
    } finally {
      this.#served = connection.served ?? this.#served;
      await connection.close();
    }
  }
}

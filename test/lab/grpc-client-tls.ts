/** Mutual TLS for a client of grpc-js: the tests' own client of a collector, which shares nothing with the agent's. */
import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { ChannelCredentials, type ChannelOptions } from "@grpc/grpc-js";
import type { TlsMaterial } from "../../shared/grpc.ts";

/** What a channel needs to reach one server. */
export interface ClientTls {
  readonly credentials: ChannelCredentials;
  readonly options: ChannelOptions;
}

/** For `target` as host:port. Throws when the files do not hold what they should (not PEM, another key, …). */
export function clientTls(tls: TlsMaterial, target: string): ClientTls {
  const host = target.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) === 0) {
    return { credentials: ChannelCredentials.createSsl(tls.ca, tls.key, tls.cert), options: {} };
  }
  // an address must not be sent as a server name (RFC 6066), but the certificate must still be for it
  const verifyOptions = {
    checkServerIdentity: (_: string, certificate: PeerCertificate) => checkServerIdentity(host, certificate),
  };
  return {
    credentials: ChannelCredentials.createSsl(tls.ca, tls.key, tls.cert, verifyOptions),
    options: { "grpc.ssl_target_name_override": "collector.invalid" },
  };
}

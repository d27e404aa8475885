/**
 * The certificates that the members really serve on both ports, from the connections that other probes keep open: this asks for
 * nothing but, four times an hour, the own peer port, which on a node alone nobody else does. Against the files it shows who has
 * not taken a new certificate up.
 */
import { create } from "@bufbuild/protobuf";
import { FactSchema, Port, ServedCertificateFactSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Fact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { ServedCertificate } from "../etcd/served-certificate.ts";
import { assertDiscovered } from "./assert-discovered.ts";
import type { Observation, Probe, ProbeContext } from "./probe.ts";

/**
 * That a port still shows the same certificate is said this often: the connections are made anew each minute, and every saying is
 * a row of the history.
 */
const SAY_AGAIN_MS = 15 * 60_000;
/** Below the probe's own limit. */
const OWN_PORT_TIMEOUT_MS = 1_500;

export function createServedProbe(): Probe {
  let told = new Map<string, ServedCertificate>();

  async function run(context: ProbeContext): Promise<Observation> {
    const own = assertDiscovered(context).flags.name;
    try {
      await context.etcd.lookAtOwnPeerPort({ signal: context.signal, timeoutMs: OWN_PORT_TIMEOUT_MS });
    } catch {
      // Why a port cannot be reached, or a certificate not be used, is told elsewhere; here it only has shown nothing.
    }
    const asked = [
      { name: own, at: "", ports: ["client", "peer"] as const },
      ...context.etcd
        .otherMembers()
        .map(({ name }) => ({ name, at: name, ports: ["client", "peer"] as const })),
    ];
    const now = new Map<string, ServedCertificate>();
    const facts = asked.flatMap(({ name, at, ports }) =>
      ports.flatMap((port): readonly Fact[] => {
        const found = context.etcd.findServed(at, port);
        if (found === undefined) {
          return [];
        }
        const key = `served/${name}/${port}`;
        const served = chooseServed(told.get(key), found);
        now.set(key, served);
        return [describe(key, { name, port, served })];
      }),
    );
    const removedFacts = [...told.keys()].filter((key) => !now.has(key));
    told = now;
    return { facts, removedFacts };
  }

  return { name: "served", cadence: "normal", timeLimitMs: 2000, run };
}

function chooseServed(before: ServedCertificate | undefined, found: ServedCertificate): ServedCertificate {
  const isSame = before?.fingerprintSha256 === found.fingerprintSha256 && before.address === found.address;
  return isSame && found.servedAtMs < before.servedAtMs + SAY_AGAIN_MS ? before : found;
}

interface Served {
  readonly name: string;
  readonly port: "client" | "peer";
  readonly served: ServedCertificate;
}

function describe(key: string, { name, port, served }: Served): Fact {
  const { address, subject, serial, fingerprintSha256, notAfterMs, servedAtMs } = served;
  const value = create(ServedCertificateFactSchema, {
    toName: name,
    port: port === "client" ? Port.CLIENT : Port.PEER,
    address,
    subject,
    serial,
    fingerprintSha256,
    notAfterUnixMs: BigInt(notAfterMs),
    servedAtUnixMs: BigInt(Math.round(servedAtMs)),
  });
  return create(FactSchema, { key, body: { case: "servedCertificate", value } });
}

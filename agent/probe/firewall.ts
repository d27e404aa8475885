/**
 * The rules of this node's packet filter that name etcd's ports or another member: asked for once an hour, and when a link has come into
 * doubt (link.ts asks), never more than once in ten seconds.
 */
import { create } from "@bufbuild/protobuf";
import { FactSchema, FirewallFactSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { firstAddress } from "../etcd/address.ts";
import type { FirewallRule, FirewallWanted } from "../host/firewall-rules.ts";
import { assertDiscovered } from "./assert-discovered.ts";
import { parseListenUrl } from "./parse-listen-url.ts";
import type { Observation, Probe, ProbeContext } from "./probe.ts";

export const FIREWALL_PROBE = "firewall";
const KEY = "firewall";
const REST_MS = 3_600_000;
/** Links that come and go ask often. */
const LEAST_APART_US = 10_000_000;
const MAX_RULES = 20;

export function createFirewallProbe(): Probe {
  let lookedUs = Number.NEGATIVE_INFINITY;

  async function run(context: ProbeContext): Promise<Observation> {
    const { host, clock, signal } = context;
    const etcd = assertDiscovered(context);
    const nowUs = clock.monotonicUs();
    if (nowUs - lookedUs < LEAST_APART_US) {
      return { restMs: REST_MS, againMs: Math.ceil((lookedUs + LEAST_APART_US - nowUs) / 1000) };
    }
    lookedUs = nowUs;
    if (etcd.sharesNetwork === false) {
      return describe([], "etcd runs in a network of its own");
    }
    const wanted = listWanted(context);
    const { rules, problem } = await host.readFirewall(wanted, signal);
    return describe(rules, problem);
  }

  return { name: FIREWALL_PROBE, cadence: "slow", timeLimitMs: 15_000, run };
}

function describe(rules: readonly FirewallRule[], problem: string): Observation {
  const value = create(FirewallFactSchema, {
    rules: rules
      .toSorted((one, other) => Number(other.isBlocking) - Number(one.isBlocking))
      .slice(0, MAX_RULES)
      .map(({ source, text, isBlocking, ports }) => ({ source, text, isBlocking, ports: [...ports] })),
    problem,
  });
  return {
    facts: [create(FactSchema, { key: KEY, body: { case: "firewall", value } })],
    restMs: REST_MS,
  };
}

/** The ports of every member, as far as they are known, and the addresses of the others. */
function listWanted({ discovered, etcd }: ProbeContext): FirewallWanted {
  const own = [...(discovered?.flags.listenClientUrls ?? []), ...(discovered?.flags.listenPeerUrls ?? [])];
  const others = etcd.otherMembers();
  const places = others
    .flatMap(({ clientUrls, peerUrls }) => [firstAddress(clientUrls), firstAddress(peerUrls)])
    .filter((place) => place !== undefined);
  const looked = others.flatMap(({ name }) => [
    etcd.findLook(name, "client")?.remoteIp ?? "",
    etcd.findLook(name, "peer")?.remoteIp ?? "",
  ]);
  const ports = [...own.flatMap(parseListenUrl), ...places].map(({ port }) => port);
  // Names among them match nothing; what they resolved to is among them too.
  const addresses = [...places.map(({ host }) => host), ...looked].filter((host) => host !== "");
  return { ports: [...new Set(ports)], addresses: [...new Set(addresses)] };
}

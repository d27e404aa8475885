/**
 * Who listens where etcd's flags say that it does, while it runs: a port that nobody has opened is no firewall's fault, and one that
 * another process holds answers in etcd's place. Looked at when etcd has started, and then rarely.
 */
import { create } from "@bufbuild/protobuf";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { FactSchema, ListeningFactSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { ListenPortSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { DiscoveredEtcd } from "../discovery/discovered-etcd.ts";
import { parseListenUrl } from "./parse-listen-url.ts";
import type { Observation, Probe, ProbeContext } from "./probe.ts";

type PortInit = MessageInitShape<typeof ListenPortSchema>;

const KEY = "listening";
const REST_MS = 600_000;
/** etcd opens its client port when it has joined its cluster: until it has, it is looked at this often, */
const AGAIN_MS = 5000;
/** for so long. */
const AGAIN_FOR_MS = 120_000;
/** A list of flags may be long; a member has two or three addresses. */
const MAX_PORTS = 16;

export function createListeningProbe(): Probe {
  function run(context: ProbeContext): Promise<Observation> {
    const { discovered, host, clock } = context;
    if (discovered?.pid === undefined) {
      return Promise.resolve({ removedFacts: [KEY] });
    }
    const wanted = listWanted(discovered);
    const holders = host.findPortHolders(wanted, discovered.pid);
    const problem =
      holders === undefined ? "the list of etcd's listening sockets may not be read by the agent" : "";
    const ports = holders === undefined ? [] : wanted.map((one) => describe(one, { holders, discovered }));
    const value = create(ListeningFactSchema, { ports, problem });
    const isYoung = clock.nowMs() - discovered.startedAtMs < AGAIN_FOR_MS;
    const isOpening = isYoung && ports.some(({ isFree }) => isFree === true);
    return Promise.resolve({
      facts: [create(FactSchema, { key: KEY, body: { case: "listening", value } })],
      ...(isOpening ? { againMs: AGAIN_MS } : { restMs: REST_MS }),
    });
  }

  return { name: "listening", cadence: "slow", timeLimitMs: 2000, run };
}

interface Wanted {
  readonly flag: string;
  readonly host: string;
  readonly port: number;
}

function listWanted({ flags }: DiscoveredEtcd): readonly Wanted[] {
  const urls = [
    ["listen-client-urls", flags.listenClientUrls],
    ["listen-peer-urls", flags.listenPeerUrls],
    ["listen-metrics-urls", flags.listenMetricsUrls],
  ] as const;
  return urls
    .flatMap(([flag, list]) => list.flatMap(parseListenUrl).map((address) => ({ flag, ...address })))
    .slice(0, MAX_PORTS);
}

function describe(
  { flag, host, port }: Wanted,
  {
    holders,
    discovered,
  }: {
    readonly holders: NonNullable<ReturnType<ProbeContext["host"]["findPortHolders"]>>;
    readonly discovered: DiscoveredEtcd;
  },
): PortInit {
  const isAll = host === "" || host === "0.0.0.0" || host === "::";
  const shown = host.includes(":") ? `[${host}]` : host;
  const address = `${isAll ? "*" : shown}:${port}`;
  const holder = holders.find((one) => one.host === host && one.port === port);
  return holder === undefined
    ? { flag, address, port, isFree: true }
    : {
        flag,
        address,
        port,
        pid: holder.pid ?? 0,
        process: holder.name,
        isEtcd: holder.pid === discovered.pid,
      };
}

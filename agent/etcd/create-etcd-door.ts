/** Wires the door to etcd: one gRPC connection a member, one HTTP connection a peer port, one for /metrics. */
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log-line.ts";
import type { AgentConfig, TlsPaths } from "../config.ts";
import type { DiscoveredEtcd, TlsFiles } from "../discovery/discovered-etcd.ts";
import { pathOnHost } from "../discovery/path-on-host.ts";
import { findListening, findOwnClientAddress, firstAddress, formatAddress } from "./address.ts";
import type { Address } from "./address.ts";
import { ConnectionTable } from "./connection-table.ts";
import { CredentialSource } from "./credentials.ts";
import {
  hashKvCall,
  MEMBER_LIST_CALL,
  parseHashKv,
  parseMemberList,
  parseStatus,
  READ_CALLS,
  STATUS_CALL,
} from "./etcd-calls.ts";
import type { EtcdCall } from "./etcd-calls.ts";
import type { Asker, EtcdDoor, EtcdMember, EtcdStatus } from "./etcd-door.ts";
import { GrpcConnection } from "./grpc-connection.ts";
import { HttpConnection } from "./http-connection.ts";
import type { LinkLook } from "./link-look.ts";
import { MemberDirectory } from "./member-directory.ts";
import { OwnPeerLook } from "./own-peer-look.ts";

/** One call's limit: a silent peer is noticed before the next tick but one. */
const CALL_TIMEOUT_MS = 1_500;
/** A member in a partition answers a linearizable read after 5 s and more; who waits longer than this has learnt enough. */
const LINEARIZABLE_TIMEOUT_MS = 3_000;
const METRICS_TIMEOUT_MS = 3_000;
/** etcd reads its database at hundreds of MB a second: enough for the largest that it should have, 8 GiB. */
const HASH_TIMEOUT_MS = 60_000;
/** New handshakes on the peer port show what a restarted peer would meet; established streams do not. */
const PEER_MAX_AGE_MS = 120_000;
const METRICS_MAX_AGE_MS = 3_600_000;
/** A handful of checks with their reasons. */
const MAX_HEALTH_BYTES = 8192;

export interface EtcdDoorOptions {
  readonly discovered: () => DiscoveredEtcd | undefined;
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly log: Logger;
  /** A member's Status answer is late: its links are worth a look before the call's time is over. */
  readonly onLate?: (name: string) => void;
  /** A connection to a member's client port ended that was to stay open. */
  readonly onLost?: () => void;
}

export interface ClosableEtcdDoor extends EtcdDoor {
  /** Closes every connection in a way that etcd has nothing to log about. */
  close(): Promise<void>;
}

export function createEtcdDoor(options: EtcdDoorOptions): ClosableEtcdDoor {
  const { discovered, config, clock } = options;
  const clientCredentials = new CredentialSource(clock, () => {
    const etcd = discovered();
    return config.etcd.tls ?? findPaths(etcd, etcd?.flags.clientTls);
  });
  const peerCredentials = new CredentialSource(clock, () => {
    const etcd = discovered();
    return findPaths(etcd, etcd?.flags.peerTls);
  });
  const directory = new MemberDirectory(config);
  const clients = new ConnectionTable(
    (address) =>
      new GrpcConnection({
        address,
        credentials: clientCredentials,
        clock,
        onLost: () => options.onLost?.(),
      }),
  );
  const peers = new ConnectionTable(
    (address) =>
      new HttpConnection({ address, credentials: peerCredentials, clock, maxAgeMs: PEER_MAX_AGE_MS }),
  );
  const ownPeer = new OwnPeerLook(peerCredentials, clock);
  let ownPeerPid: number | undefined;
  let answered: { readonly pid: number | undefined; readonly version: string } | undefined;
  const metrics = new ConnectionTable(
    (address) =>
      new HttpConnection({ address, credentials: clientCredentials, clock, maxAgeMs: METRICS_MAX_AGE_MS }),
  );

  function ownAddress(): Address {
    const address = findOwnClientAddress(config.etcd.endpoint, discovered()?.flags);
    if (address === undefined) {
      throw new EtcdscopeError("NOT_APPLICABLE", "No etcd was found on this node yet");
    }
    return address;
  }

  /** Where it serves plain HTTP requests, /metrics and the like. */
  function httpAddressOfOwn(): Address {
    const flags = discovered()?.flags;
    return findListening(flags?.listenMetricsUrls ?? [], []) ?? httpAddress(flags?.all) ?? ownAddress();
  }

  function own(): GrpcConnection {
    return clients.at(OWN, ownAddress());
  }

  function otherMembers(): readonly EtcdMember[] {
    return directory.others(discovered());
  }

  function findMember(name: string): EtcdMember {
    const member = otherMembers().find((other) => other.name === name);
    if (member === undefined) {
      throw new EtcdscopeError("NOT_APPLICABLE", `No other member is named ${name}`);
    }
    return member;
  }

  /** The configured address of the member, where there is one, at the port of its URL. */
  function addressOf(member: EtcdMember, urls: readonly string[]): Address {
    const address = firstAddress(urls);
    if (address === undefined) {
      throw new EtcdscopeError("NOT_APPLICABLE", `${member.name} has told no URL yet`);
    }
    const host = config.peers[member.name];
    return host === undefined ? address : { ...address, host };
  }

  function clientOf(name: string): GrpcConnection {
    if (name === OWN) {
      return own();
    }
    const member = findMember(name);
    return clients.at(name, addressOf(member, member.clientUrls));
  }

  async function status(connection: GrpcConnection, asker: Asker, onLate?: () => void): Promise<EtcdStatus> {
    const limits = { timeoutMs: CALL_TIMEOUT_MS, asker, ...(onLate === undefined ? {} : { onLate }) };
    const bytes = await connection.call({ ...STATUS_CALL, ...limits });
    return parseStatus(bytes, formatAddress(connection.address));
  }

  async function callOwn(call: EtcdCall, timeoutMs: number, signal: AbortSignal): Promise<Uint8Array> {
    return await own().call({ ...call, timeoutMs, asker: { signal } });
  }

  /** What of the own member failed when it was last asked for. */
  const failing = new Set<string>();

  async function followOwn<T>(what: string, call: () => Promise<T>): Promise<T> {
    try {
      const answer = await call();
      failing.delete(what);
      return answer;
    } catch (caught) {
      failing.add(what);
      throw caught;
    }
  }

  /** Status calls under way, by member: whoever asks meanwhile gets the same answer. */
  let asking: readonly { readonly name: string; readonly answer: Promise<EtcdStatus> }[] = [];
  const late = new Set<string>();

  async function shareStatus(name: string, asker: Asker): Promise<EtcdStatus> {
    const answer = status(clientOf(name), asker, () => {
      late.add(name);
      options.onLate?.(name);
    });
    asking = [...asking, { name, answer }];
    try {
      return await answer;
    } finally {
      asking = asking.filter((call) => call.answer !== answer);
      late.delete(name);
    }
  }

  function findAsked(name: string): Promise<EtcdStatus> | undefined {
    return asking.find((call) => call.name === name)?.answer;
  }

  return {
    otherMembers,
    ownMemberId: () => directory.ownId,
    // Also of one that is gone: it is another process that may be another version.
    ownVersion: () => {
      const pid = discovered()?.pid;
      return answered !== undefined && (pid === undefined || pid === answered.pid) ? answered.version : "";
    },
    findLook: (name, port): LinkLook | undefined => (port === "client" ? clients : peers).find(name)?.look,
    findServed: (name, port) =>
      name === OWN && port === "peer"
        ? ownPeer.served
        : (port === "client" ? clients : peers).find(name)?.served,
    lookAtOwnPeerPort: async (limits) => {
      const etcd = discovered();
      const address = findListening(etcd?.flags.listenPeerUrls ?? [], etcd?.flags.advertisePeerUrls ?? []);
      if (etcd?.pid !== ownPeerPid) {
        ownPeerPid = etcd?.pid;
        ownPeer.forget();
      }
      if (etcd?.pid !== undefined && address !== undefined) {
        await ownPeer.lookWhenDue(address, limits);
      }
    },
    ownStatus: async (asker) => {
      const pid = discovered()?.pid;
      const answer = await followOwn("status", async () => await status(own(), asker));
      answered = { pid, version: answer.version };
      directory.setOwnId(answer.memberId);
      return answer;
    },
    memberStatus: async (name, asker) => await (findAsked(name) ?? shareStatus(name, asker)),
    statusSettled: async (name) => {
      await findAsked(name)?.catch(() => undefined);
    },
    isLate: (name) => late.has(name),
    peerVersion: async (name, limits) => {
      const member = findMember(name);
      const connection = peers.at(name, addressOf(member, member.peerUrls));
      return (await connection.get({ path: "/version", ...limits })).toString("latin1");
    },
    peerLargeLook: async (name, limits) => {
      const member = findMember(name);
      const connection = new HttpConnection({
        address: addressOf(member, member.peerUrls),
        credentials: peerCredentials,
        clock,
        maxAgeMs: PEER_MAX_AGE_MS,
      });
      try {
        await connection.get({ path: "/version", headers: LARGE_HEADERS, ...limits });
      } catch (caught) {
        if (connection.look === undefined) {
          throw caught;
        }
      } finally {
        await connection.close();
      }
      return connection.look ?? NOTHING_SHOWN;
    },
    read: async (consistency, signal) => {
      const timeoutMs = consistency === "linearizable" ? LINEARIZABLE_TIMEOUT_MS : CALL_TIMEOUT_MS;
      await followOwn(consistency, async () => await callOwn(READ_CALLS[consistency], timeoutMs, signal));
    },
    memberList: async (signal) => {
      const list = parseMemberList(await callOwn(MEMBER_LIST_CALL, CALL_TIMEOUT_MS, signal));
      directory.setList(list.members);
      const names = new Set(otherMembers().map((member) => member.name));
      void clients.keep((name) => name === OWN || names.has(name));
      void peers.keep((name) => names.has(name));
      return list;
    },
    hashKv: async (name, revision, signal) => {
      const limits = { timeoutMs: HASH_TIMEOUT_MS, asker: { signal } };
      return parseHashKv(await clientOf(name).call({ ...hashKvCall(revision), ...limits }));
    },
    isOwnFailing: () => failing.size > 0,
    healthBody: async (path, limits) => {
      const address = httpAddressOfOwn();
      // Not the one of /metrics: an answer may take seconds.
      const connection = new HttpConnection({
        address,
        credentials: clientCredentials,
        clock,
        maxAgeMs: METRICS_MAX_AGE_MS,
      });
      try {
        const body = await connection.get({ path, takesAnyStatus: true, ...limits });
        return {
          asked: `${formatAddress(address)}${path.replace(/\?.*/, "")}`,
          body: body.toString("utf8", 0, MAX_HEALTH_BYTES),
        };
      } finally {
        await connection.close();
      }
    },
    metricsBody: async (signal) => {
      return await metrics
        .at(OWN, httpAddressOfOwn())
        .get({ path: "/metrics", timeoutMs: METRICS_TIMEOUT_MS, signal });
    },
    close: async () => {
      await Promise.all([peers, metrics, clients].map(async (table) => await table.keep(() => false)));
    },
  };
}

/** Four packets of an Ethernet; etcd ignores it, and Go takes up to 1 MiB of headers. */
const LARGE_HEADERS = { "x-padding": "0".repeat(6144) };
const NOTHING_SHOWN: LinkLook = {
  address: "",
  remoteIp: undefined,
  tcp: "unknown",
  tls: "unknown",
  http: "unknown",
  error: undefined,
  roundTripUs: undefined,
};

/** The key of the own member's connections: no member has it as its name. */
const OWN = "";

/** etcd 3.5.8 and 3.4.26 on can serve HTTP apart from gRPC. */
function httpAddress(flags: Readonly<Record<string, string>> | undefined): Address | undefined {
  const urls = flags?.["listen-client-http-urls"] ?? "";
  return urls === "" ? undefined : findListening(urls.split(","), []);
}

/** The certificate that the member itself shows as a client, through its own view of the file system. */
function findPaths(etcd: DiscoveredEtcd | undefined, files: TlsFiles | undefined): TlsPaths | undefined {
  const { certFile, keyFile } = files?.client ?? files ?? { certFile: "", keyFile: "" };
  if (etcd === undefined || files === undefined || certFile === "" || keyFile === "") {
    return undefined;
  }
  return {
    ca: files.trustedCaFile === "" ? "" : pathOnHost(etcd, files.trustedCaFile),
    cert: pathOnHost(etcd, certFile),
    key: pathOnHost(etcd, keyFile),
  };
}

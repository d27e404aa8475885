/** Where etcd's own connections with one other member go: which ends to look for in the kernel's tables. */
import type { AgentConfig } from "../config.ts";
import { firstAddress, parseAddress } from "../etcd/address.ts";
import type { Address } from "../etcd/address.ts";
import type { EtcdMember } from "../etcd/etcd-door.ts";
import type { ProbeContext } from "./probe.ts";

export interface PeerPlace {
  /** The peer's address; a name is resolved where a connection of ours has resolved it. */
  readonly host: string;
  readonly port: number;
  /** The port at which the peer dials us; undefined: who has dialled cannot be told by the address. */
  readonly ownPort: number | undefined;
  /** No other member shares the peer's address. */
  readonly isAlone: boolean;
  /** Its connections may be sockets of IPv6, also where they go over IPv4. */
  readonly withIpv6: boolean;
}

/** undefined: the member has no peer address that can be read. */
export function findPeerPlace(
  { etcd, discovered }: ProbeContext,
  member: EtcdMember,
  config: AgentConfig,
): PeerPlace | undefined {
  const address = addressOf(member, config);
  if (address === undefined) {
    return undefined;
  }
  const host = etcd.findLook(member.name, "peer")?.remoteIp ?? address.host;
  const own = parseAddress(discovered?.flags.listenPeerUrls[0] ?? "");
  // Where several members share one address (a cluster on one machine), the address does not tell who has dialled us.
  const isAlone =
    own?.host !== address.host &&
    !etcd
      .otherMembers()
      .some((other) => other.name !== member.name && addressOf(other, config)?.host === address.host);
  const isWildcard = own !== undefined && ["0.0.0.0", "::"].includes(own.host);
  return {
    host,
    port: address.port,
    ownPort: isAlone ? own?.port : undefined,
    isAlone,
    withIpv6: isWildcard || host.includes(":"),
  };
}

function addressOf(member: EtcdMember, config: AgentConfig): Address | undefined {
  const address = firstAddress(member.peerUrls);
  const host = config.peers[member.name];
  return address === undefined || host === undefined ? address : { ...address, host };
}

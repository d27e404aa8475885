/** Who the other members are: from the last member list, and before one came from the configuration and etcd's flags. */
import type { AgentConfig } from "../config.ts";
import type { DiscoveredEtcd, EtcdFlags } from "../discovery/discovered-etcd.ts";
import { parseAddress } from "./address.ts";
import type { EtcdMember } from "./etcd-door.ts";

/** What the probe contract allows as targets. */
const MAX_OTHERS = 32;

export class MemberDirectory {
  readonly #config: AgentConfig;
  #list: readonly EtcdMember[] | undefined;
  #ownId = 0n;
  #others: readonly EtcdMember[] | undefined;
  #madeFor: EtcdFlags | undefined;

  constructor(config: AgentConfig) {
    this.#config = config;
  }

  /** The own member's id, as its Status answers; 0n: not known yet. */
  setOwnId(id: bigint): void {
    if (id !== this.#ownId) {
      this.#ownId = id;
      this.#others = undefined;
    }
  }

  setList(members: readonly EtcdMember[]): void {
    this.#list = members;
    this.#others = undefined;
  }

  get ownId(): bigint {
    return this.#ownId;
  }

  /** Named members other than the own one, sorted by name, without doubles. The same array until something changes. */
  others(discovered: DiscoveredEtcd | undefined): readonly EtcdMember[] {
    const flags = discovered?.flags;
    if (this.#others === undefined || this.#madeFor !== flags) {
      const known = this.#list ?? guessMembers(this.#config, flags);
      const byName = new Map<string, EtcdMember>();
      for (const member of known) {
        const isOwn =
          member.id !== 0n && this.#ownId !== 0n ? member.id === this.#ownId : member.name === flags?.name;
        // A member that has not started yet has no name, and nothing to look at.
        if (!isOwn && member.name !== "" && !byName.has(member.name)) {
          byName.set(member.name, member);
        }
      }
      this.#others = [...byName.values()]
        .sort((one, other) => (one.name < other.name ? -1 : 1))
        .slice(0, MAX_OTHERS);
      this.#madeFor = flags;
    }
    return this.#others;
  }
}

/** Ports as the own member's: the best guess where nothing else is known. */
function guessMembers(config: AgentConfig, flags: EtcdFlags | undefined): readonly EtcdMember[] {
  const client = flags === undefined ? undefined : parseAddress(flags.advertiseClientUrls[0] ?? "");
  const peer = flags === undefined ? undefined : parseAddress(flags.advertisePeerUrls[0] ?? "");
  const clientScheme = client?.isTls === false ? "http" : "https";
  const peerScheme = peer?.isTls === false ? "http" : "https";
  const guessed = new Map<string, EtcdMember>();
  function add(name: string, host: string, peerUrl: string): void {
    const url = host.includes(":") ? `[${host}]` : host;
    // On one host with the own member, its port is not the own one: no guess is better than a wrong one.
    const isOwnHost = client !== undefined && host === client.host;
    guessed.set(name, {
      id: 0n,
      name,
      peerUrls: [peerUrl === "" ? `${peerScheme}://${url}:${peer?.port ?? 2380}` : peerUrl],
      clientUrls: isOwnHost ? [] : [`${clientScheme}://${url}:${client?.port ?? 2379}`],
      isLearner: false,
    });
  }
  for (const entry of (flags?.all["initial-cluster"] ?? "").split(",")) {
    const at = entry.indexOf("=");
    const address = parseAddress(entry.slice(at + 1));
    if (at > 0 && address !== undefined) {
      add(entry.slice(0, at).trim(), address.host, entry.slice(at + 1).trim());
    }
  }
  for (const [name, host] of Object.entries(config.peers)) {
    add(name, host, "");
  }
  return [...guessed.values()];
}

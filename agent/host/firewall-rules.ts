/**
 * Picks from the text of a packet filter the rules that name given ports or addresses, and what blocks without naming any. Pure; fed
 * line by line, because a node of Kubernetes has tens of thousands of rules.
 */
export interface FirewallRule {
  /** The tool that printed it. */
  readonly source: string;
  readonly text: string;
  readonly isBlocking: boolean;
  /** Of the ports asked for, those that it names. */
  readonly ports: readonly number[];
}

export interface FirewallOrigin {
  readonly source: "iptables-save" | "iptables-legacy-save" | "nft";
  /** iptables has told what it keeps in nftables, and better than nft does. */
  readonly hasIptables?: boolean;
}

export interface FirewallWanted {
  readonly ports: readonly number[];
  readonly addresses: readonly string[];
}

/** More than anybody reads. */
const MAX_RULES = 100;
const MAX_TEXT = 200;
/** Chains of the packets that a node itself sends and receives. */
const OWN_CHAIN = /^(?:INPUT|OUTPUT)$/;
const KEPT_BY_IPTABLES = /^table ip6? (?:filter|nat|mangle|raw|security) /;

export class FirewallRules {
  readonly rules: FirewallRule[] = [];
  readonly #origin: FirewallOrigin;
  readonly #wanted: FirewallWanted;
  #table = "";
  #chain = "";
  #isSkipped = false;

  constructor(origin: FirewallOrigin, wanted: FirewallWanted) {
    this.#origin = origin;
    this.#wanted = wanted;
  }

  /** A line of iptables-save, or of `nft list ruleset`. */
  push(line: string): void {
    if (this.#origin.source === "nft") {
      this.#pushNft(line.trim());
    } else {
      this.#pushIptables(line);
    }
  }

  #pushIptables(line: string): void {
    if (line.startsWith("*")) {
      this.#table = line.slice(1);
    } else if (line.startsWith(":")) {
      const [chain = "", policy = ""] = line.slice(1).split(" ");
      if (this.#table === "filter" && OWN_CHAIN.test(chain) && policy === "DROP") {
        this.#add(`${this.#table}: -P ${chain} ${policy}`, true, []);
      }
    } else if (line.startsWith("-A ")) {
      const isBlocking = / -[jg] (?:DROP|REJECT|TARPIT)\b/.test(line);
      const ports = this.#named(
        line,
        /(?<!! )--(?:[ds]ports?|ports|(?:destination|source)-ports?) ([\d,:]+)/g,
      );
      const isAddressed = isBlocking && ports.length === 0 && !/--\w*ports? /.test(line);
      if (ports.length > 0 || (isAddressed && this.#concerns(line, /(?<!! )-[sd] (\S+)/g))) {
        this.#add(`${this.#table}: ${line}`, isBlocking, ports);
      }
    }
  }

  #pushNft(line: string): void {
    if (line.startsWith("table ")) {
      this.#isSkipped = this.#origin.hasIptables === true && KEPT_BY_IPTABLES.test(line);
      this.#table = line.slice("table ".length).replace(/ \{$/, "");
      return;
    }
    if (line.startsWith("chain ")) {
      this.#chain = line.slice("chain ".length).replace(/ \{$/, "");
      return;
    }
    if (this.#isSkipped) {
      return;
    }
    const where = `${this.#table} ${this.#chain}`;
    const policy = /\bhook (?:input|output) .*policy drop/.exec(line);
    if (policy !== null) {
      this.#add(`${where}: ${line}`, true, []);
      return;
    }
    const isBlocking = /\b(?:drop|reject)\b/.test(line);
    const ports = this.#named(line, /\b[ds]port (?!!=)(\{[^}]*\}|[\d-]+)/g);
    const isAddressed = isBlocking && ports.length === 0 && !/\b[ds]port\b/.test(line);
    if (ports.length > 0 || (isAddressed && this.#concerns(line, /\bip6? [sd]addr (?!!=)(\{[^}]*\}|\S+)/g))) {
      this.#add(`${where}: ${line.replace(/counter packets \d+ bytes \d+ ?/, "")}`, isBlocking, ports);
    }
  }

  /** Ports asked for among "2379", "2379,2380", "2379:2381", "{ 2379, 2380-2390 }". */
  #named(line: string, pattern: RegExp): readonly number[] {
    const ranges = [...line.matchAll(pattern)]
      .flatMap(([, list = ""]) => list.split(/[{},\s]+/))
      .filter((part) => part !== "")
      // How iptables-nft writes "either port": one of the two may be any.
      .filter((part) => part !== "0-65535")
      .map((part) => part.split(/[:-]/).map(Number));
    return this.#wanted.ports.filter((port) =>
      ranges.some(([from = Number.NaN, to = from]) => port >= from && port <= to),
    );
  }

  #concerns(line: string, pattern: RegExp): boolean {
    return [...line.matchAll(pattern)]
      .flatMap(([, list = ""]) => list.split(/[{},\s]+/))
      .some((part) => this.#wanted.addresses.some((address) => holds(part, address)));
  }

  #add(text: string, isBlocking: boolean, ports: readonly number[]): void {
    if (this.rules.length < MAX_RULES) {
      // A comment may hold anything; a terminal must not act on it.
      const shown = text.slice(0, MAX_TEXT).replaceAll(/\p{Cc}+/gu, " ");
      this.rules.push({ source: this.#origin.source, text: shown, isBlocking, ports });
    }
  }
}

/** `range` is an address, or a network of IPv4 in CIDR notation; anything else holds only what is written the same. */
function holds(range: string, address: string): boolean {
  const [network = "", bits = "32"] = range.split("/");
  const [from, asked] = [parseIpv4(network), parseIpv4(address)];
  if (from === undefined || asked === undefined) {
    return range === address;
  }
  const size = 2 ** (32 - Number(bits));
  return asked >= from && asked < from + size;
}

function parseIpv4(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  return parts?.reduce((sum, part) => sum * 256 + part, 0);
}

/**
 * The kernel's view of etcd's established connections with its peers, through etcd's own network namespace.
 *
 * The table of connections is dear: the kernel walks its whole hash, 4 ms a family on a machine of 24 GiB, however few the
 * connections. So it is read when there is reason to: something was retransmitted in this namespace (a counter that costs
 * nothing), a link is in doubt, or a while has passed; and never for more than a thousandth of the time on average.
 */
import { join } from "node:path";
import type { Clock } from "../../shared/clock.ts";
import { findEstablished } from "./parse-tcp-sockets.ts";
import type { SocketQuery, TcpSocket } from "./parse-tcp-sockets.ts";
import { parseTcpCounters } from "./parse-tcp-counters.ts";
import type { TcpCounters } from "./parse-tcp-counters.ts";
import { findShortText, findText } from "./read-proc-text.ts";
import { SocketOwners } from "./socket-owners.ts";

/** Looks of one tick share one read. */
const SHARED_FOR_US = 200_000;
/** Without any reason the table is read this often. */
const REPEAT_US = 60_000_000;
/** Part of the time that may be spent on reading tables, on average, */
const MAX_SHARE = 1 / 1_000;
/** and reads that may follow each other at once, when there is reason to, before that average counts. */
const BURST_READS = 6;
const COST_SMOOTHING = 0.2;
/** More connections asked for than a cluster has peers, twice over: addresses have changed. */
const MAX_QUERIES = 64;

export interface SocketLook {
  /** undefined: the table cannot be read. */
  readonly sockets: readonly TcpSocket[] | undefined;
  /** When the table was read, monotonic. */
  readonly readUs: number;
}

export interface SocketRequest extends SocketQuery {
  readonly pid: number;
  /** Connections of IPv6, and those that an etcd that listens on a wildcard address has accepted over IPv4. */
  readonly withIpv6: boolean;
  /** Something else says that this link may not work. */
  readonly isInDoubt: boolean;
}

export class TcpSocketReader {
  readonly #procRoot: string;
  readonly #clock: Clock;
  #pid = 0;
  #withIpv6 = false;
  #readUs = Number.NEGATIVE_INFINITY;
  #costUs = 0;
  /** Time that may be spent on reads now. */
  #creditUs = 0;
  #creditedUs: number | undefined;
  #countedUs = Number.NEGATIVE_INFINITY;
  #counters: TcpCounters | undefined;
  #countersAtRead: TcpCounters | undefined;
  readonly #owners: SocketOwners;
  /** What has been asked for: looked for whenever the table is read, which is too long to be kept. */
  readonly #queries = new Map<string, SocketQuery>();
  /** What was found in the table as it was last read; undefined: it cannot be read. */
  #found: ReadonlyMap<string, readonly TcpSocket[]> | undefined;

  constructor(procRoot: string, clock: Clock) {
    this.#procRoot = procRoot;
    this.#owners = new SocketOwners(procRoot);
    this.#clock = clock;
  }

  /** Segments sent again in that network namespace, as of the last count; undefined before the first, or where it is not told. */
  get resent(): number | undefined {
    return this.#counters?.retransmits;
  }

  look(request: SocketRequest): SocketLook {
    const nowUs = this.#clock.monotonicUs();
    const key = `${request.remote[0]} ${request.remotePort} ${request.localPort}`;
    const isNew = !this.#queries.has(key);
    if (isNew) {
      this.#remember(key, request);
    }
    if (request.pid !== this.#pid || (request.withIpv6 && !this.#withIpv6)) {
      this.#pid = request.pid;
      this.#withIpv6 = request.withIpv6;
      this.#owners.follow(request.pid);
      this.#readTable(nowUs);
    } else if (isNew || this.#isDue(nowUs, request.isInDoubt)) {
      this.#readTable(nowUs);
    }
    return { sockets: this.#found?.get(key), readUs: this.#readUs };
  }

  #remember(key: string, { remote, remotePort, localPort }: SocketRequest): void {
    if (this.#queries.size >= MAX_QUERIES) {
      this.#queries.clear();
    }
    this.#queries.set(key, { remote, remotePort, localPort });
  }

  #isDue(nowUs: number, isInDoubt: boolean): boolean {
    const ageUs = nowUs - this.#readUs;
    if (ageUs < SHARED_FOR_US) {
      return false;
    }
    if (ageUs >= REPEAT_US) {
      return true;
    }
    this.#count(nowUs);
    if (!isInDoubt && this.#counters?.retransmits === this.#countersAtRead?.retransmits) {
      return false;
    }
    this.#addCredit(nowUs);
    return this.#creditUs >= this.#costUs;
  }

  #addCredit(nowUs: number): void {
    const mostUs = BURST_READS * this.#costUs;
    const earnedUs = (nowUs - (this.#creditedUs ?? nowUs)) * MAX_SHARE;
    this.#creditUs = Math.min(mostUs, this.#creditUs + earnedUs);
    this.#creditedUs = nowUs;
  }

  #count(nowUs: number): void {
    if (nowUs - this.#countedUs >= SHARED_FOR_US) {
      this.#countedUs = nowUs;
      this.#counters = this.#readCounters();
    }
  }

  #readCounters(): TcpCounters {
    return parseTcpCounters(findShortText(`${this.#procRoot}/${this.#pid}/net/snmp`) ?? "");
  }

  #readTable(nowUs: number): void {
    const folder = join(this.#procRoot, String(this.#pid), "net");
    // Counted before the table is read: what is retransmitted in between is then looked at once more.
    this.#countersAtRead = this.#readCounters();
    this.#counters = this.#countersAtRead;
    this.#countedUs = nowUs;
    const v4 = findText(join(folder, "tcp"));
    const v6 = this.#withIpv6 ? findText(join(folder, "tcp6")) : undefined;
    const text = v4 === undefined ? v6 : v4 + (v6 ?? "");
    this.#readUs = nowUs;
    this.#spend(nowUs, this.#clock.monotonicUs() - nowUs);
    // Beside the reckoning: whose a connection is that was not there before is looked up once, and says nothing of the next read.
    this.#found =
      text === undefined
        ? undefined
        : new Map(
            Array.from(this.#queries, ([key, query]) => [
              key,
              this.#owners.keepOwn(findEstablished(text, query)),
            ]),
          );
  }

  #spend(nowUs: number, spentUs: number): void {
    if (this.#creditedUs === undefined) {
      this.#costUs = spentUs;
      this.#creditUs = BURST_READS * spentUs;
      this.#creditedUs = nowUs;
    } else {
      this.#addCredit(nowUs);
      // Smoothed: now and then the agent itself is interrupted in the middle of a read.
      this.#costUs += (spentUs - this.#costUs) * COST_SMOOTHING;
    }
    this.#creditUs -= this.#costUs;
  }
}

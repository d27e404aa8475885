/** Judges what the kernel shows of etcd's established connections with one peer. Pure: looks and time come in. */
import type { TcpSocket } from "../host/parse-tcp-sockets.ts";

export type KernelState = "ok" | "failed" | "unknown";

export interface KernelVerdict {
  readonly state: KernelState;
  readonly text: string;
}

/** A connection that sends and hears nothing for this long is stuck: raft sends something every 0.1 to 1.7 s. */
const STUCK_AFTER_US = 900_000;
/** The third timeout in a row of one connection comes 1.4 s after the first byte at the earliest. */
const STUCK_RETRANSMITS = 3;
const STUCK_RETRANSMITS_US = 1_400_000;
/**
 * Two timeouts in a row prove as much where etcd has gone on writing meanwhile, as a leader does every heartbeat: with that
 * much in flight, a connection that only loses packets would have been acknowledged by selective repeat, not by timeout.
 */
const STUCK_RETRANSMITS_WRITING = 2;
const WRITING_FOR_US = 350_000;
/** etcd dials its peers anew for this long after its start before a missing connection means anything. */
const SETTLE_AFTER_START_MS = 10_000;

/**
 * Bytes that wait this long and do not grow fewer, on a link that the agent's own calls do not get through either, are stuck
 * even if nothing was retransmitted: a firewall of this very node makes the kernel's attempts fail before they count.
 */
const UNMOVED_US = 600_000;

interface Waiting {
  readonly sinceUs: number;
  readonly bytes: number;
  /** The agent's own calls did not get through either at some time since. */
  readonly wasCut: boolean;
}

export class PeerKernelView {
  /** How each connection was first seen waiting for an acknowledgement after a timeout. */
  #waiting = new Map<number, Waiting>();
  /** When each connection that is there was seen first. */
  #seenUs = new Map<number, number>();
  #hasBeenConnected = false;
  #isSuspicious = false;

  /** The next look may tell more. */
  get isSuspicious(): boolean {
    return this.#isSuspicious;
  }

  /** processAgeMs: since etcd's start. isInDoubt: the agent's own connections to that member fail or are late. */
  judge(
    sockets: readonly TcpSocket[],
    about: { readonly nowUs: number; readonly processAgeMs: number; readonly isInDoubt: boolean },
  ): KernelVerdict {
    this.#isSuspicious = false;
    this.#seenUs = new Map(sockets.map(({ inode }) => [inode, this.#seenUs.get(inode) ?? about.nowUs]));
    if (sockets.length === 0) {
      this.#waiting.clear();
      if (!this.#hasBeenConnected && about.processAgeMs < SETTLE_AFTER_START_MS) {
        return { state: "unknown", text: "etcd has started less than 10 s ago and has no connection yet" };
      }
      return { state: "failed", text: "etcd has no established connection with this peer" };
    }
    this.#hasBeenConnected = true;
    const waiting = new Map<number, Waiting>();
    let stuck: { readonly socket: TcpSocket; readonly forUs: number } | undefined;
    for (const socket of sockets) {
      const isSuspect = socket.retransmits > 0 || about.isInDoubt;
      if (!isSuspect || socket.sendQueueBytes === 0) {
        continue;
      }
      const known = this.#waiting.get(socket.inode);
      const first = known ?? { sinceUs: about.nowUs, bytes: socket.sendQueueBytes };
      const wasCut = about.isInDoubt || known?.wasCut === true;
      waiting.set(socket.inode, { ...first, wasCut });
      if (wasCut && !about.isInDoubt && this.#isReplaced(first.sinceUs, sockets)) {
        continue;
      }
      this.#isSuspicious = true;
      const forUs = about.nowUs - first.sinceUs;
      const isWriting = forUs >= WRITING_FOR_US && socket.sendQueueBytes > first.bytes;
      const needed = isWriting ? STUCK_RETRANSMITS_WRITING : STUCK_RETRANSMITS;
      const isUnmoved = forUs >= UNMOVED_US && socket.sendQueueBytes >= first.bytes;
      const isTimedOut = socket.retransmits > 0 && (forUs >= STUCK_AFTER_US || socket.retransmits >= needed);
      if (isTimedOut || (about.isInDoubt && isUnmoved)) {
        stuck =
          stuck !== undefined && stuck.socket.retransmits >= socket.retransmits ? stuck : { socket, forUs };
      }
    }
    this.#waiting = waiting;
    if (stuck === undefined) {
      return { state: "ok", text: "Established and moving" };
    }
    const { retransmits, sendQueueBytes } = stuck.socket;
    const provenUs = retransmits >= STUCK_RETRANSMITS ? STUCK_RETRANSMITS_US : 0;
    const seconds = (Math.max(stuck.forUs, provenUs) / 1e6).toFixed(1);
    return {
      state: "failed",
      text: `Stuck: ${retransmits} retransmissions, ${sendQueueBytes} bytes unacknowledged for at least ${seconds} s`,
    };
  }

  /**
   * After a cut of minutes TCP tries an old connection again only after as many, while etcd has dialled new ones: what is left
   * over tells nothing of the link, where the agent's own calls get through again and a younger connection moves.
   */
  #isReplaced(sinceUs: number, sockets: readonly TcpSocket[]): boolean {
    return sockets.some(
      ({ inode, retransmits }) => retransmits === 0 && (this.#seenUs.get(inode) ?? sinceUs) > sinceUs,
    );
  }

  /** Another process: what was seen of the last one says nothing. */
  reset(): void {
    this.#waiting.clear();
    this.#seenUs.clear();
    this.#isSuspicious = false;
    this.#hasBeenConnected = false;
  }
}

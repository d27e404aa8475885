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
/** etcd dials its peers anew for this long after its start before a missing connection means anything. */
const SETTLE_AFTER_START_MS = 10_000;

export class PeerKernelView {
  /** When each connection was first seen waiting for an acknowledgement after a timeout. */
  #waitingSinceUs = new Map<number, number>();
  #hasBeenConnected = false;

  /** The next look may tell more. */
  get isSuspicious(): boolean {
    return this.#waitingSinceUs.size > 0;
  }

  /** processAgeMs: since etcd's start. */
  judge(sockets: readonly TcpSocket[], about: { nowUs: number; processAgeMs: number }): KernelVerdict {
    if (sockets.length === 0) {
      this.#waitingSinceUs.clear();
      if (!this.#hasBeenConnected && about.processAgeMs < SETTLE_AFTER_START_MS) {
        return { state: "unknown", text: "etcd has started less than 10 s ago and has no connection yet" };
      }
      return { state: "failed", text: "etcd has no established connection with this peer" };
    }
    this.#hasBeenConnected = true;
    const waiting = new Map<number, number>();
    let stuck: { readonly socket: TcpSocket; readonly forUs: number } | undefined;
    for (const socket of sockets) {
      if (socket.retransmits === 0 || socket.sendQueueBytes === 0) {
        continue;
      }
      const sinceUs = this.#waitingSinceUs.get(socket.inode) ?? about.nowUs;
      waiting.set(socket.inode, sinceUs);
      const forUs = about.nowUs - sinceUs;
      if (forUs >= STUCK_AFTER_US || socket.retransmits >= STUCK_RETRANSMITS) {
        stuck =
          stuck !== undefined && stuck.socket.retransmits >= socket.retransmits ? stuck : { socket, forUs };
      }
    }
    this.#waitingSinceUs = waiting;
    if (stuck === undefined) {
      return { state: "ok", text: "Established and moving" };
    }
    const { retransmits, sendQueueBytes } = stuck.socket;
    const seconds = (stuck.forUs / 1e6).toFixed(1);
    return {
      state: "failed",
      text: `Stuck: ${retransmits} retransmissions, ${sendQueueBytes} bytes unacknowledged for at least ${seconds} s`,
    };
  }

  /** Another process: what was seen of the last one says nothing. */
  reset(): void {
    this.#waitingSinceUs.clear();
    this.#hasBeenConnected = false;
  }
}

/** Looks at etcd's own connections with one peer through the kernel's table: which to ask for, and what they say. */
import type { AgentConfig } from "../config.ts";
import type { Sample } from "../../shared/frame.ts";
import { seriesKey } from "../../shared/series-key.ts";
import type { EtcdMember } from "../etcd/etcd-door.ts";
import { kernelAddresses } from "../host/parse-tcp-sockets.ts";
import type { TcpSocket } from "../host/parse-tcp-sockets.ts";
import type { TcpSocketReader } from "../host/read-tcp-sockets.ts";
import { findPeerPlace } from "./find-peer-place.ts";
import { PeerKernelView } from "./peer-kernel-view.ts";
import type { KernelVerdict } from "./peer-kernel-view.ts";
import type { ProbeContext } from "./probe.ts";

export class PeerKernelLook {
  readonly #config: AgentConfig;
  readonly #reader: TcpSocketReader;
  readonly #view = new PeerKernelView();
  readonly #keys: readonly [connections: string, sendQueue: string, retransmits: string, timeout: string];
  #verdict: KernelVerdict = { state: "unknown", text: "Nothing was seen yet" };
  #samples: readonly Sample[] = [];
  #pid: number | undefined;
  #ip = "";
  #remote: readonly string[] | undefined;
  #judgedUs = Number.NEGATIVE_INFINITY;

  constructor(to: string, config: AgentConfig, reader: TcpSocketReader) {
    this.#config = config;
    this.#reader = reader;
    this.#keys = [
      seriesKey("etcdscope_peer_connections", { to }),
      seriesKey("etcdscope_peer_send_queue_bytes", { to }),
      seriesKey("etcdscope_peer_retransmits", { to }),
      seriesKey("etcdscope_peer_retransmit_timeout_seconds", { to }),
    ];
  }

  get verdict(): KernelVerdict {
    return this.#verdict;
  }

  /** As of the last look; empty while nothing can be seen. */
  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** Something is being retransmitted: the next looks decide. */
  get isSuspicious(): boolean {
    return this.#view.isSuspicious;
  }

  /** isInDoubt: the agent's own connections to that member fail. isSlow: they are answered late. */
  look(
    context: ProbeContext,
    member: EtcdMember,
    { isInDoubt, isSlow }: { readonly isInDoubt: boolean; readonly isSlow: boolean },
  ): KernelVerdict {
    const { clock, discovered } = context;
    if (discovered?.pid !== this.#pid) {
      this.#pid = discovered?.pid;
      this.#view.reset();
    }
    if (discovered?.pid === undefined) {
      return this.#cannotTell("etcd does not run on this node");
    }
    const place = findPeerPlace(context, member, this.#config);
    const remote = this.#toKernel(place?.host ?? "");
    if (place === undefined || remote === undefined) {
      return this.#cannotTell("The peer's address is a name that has not been resolved yet");
    }
    const { sockets, readUs } = this.#reader.look({
      pid: discovered.pid,
      remote,
      remotePort: place.port,
      localPort: place.ownPort,
      withIpv6: place.withIpv6,
      isInDoubt: isInDoubt || isSlow || this.#verdict.state === "failed" || this.#view.isSuspicious,
    });
    if (sockets === undefined) {
      return this.#cannotTell("The table of etcd's connections cannot be read");
    }
    if (sockets.length === 0 && !place.isAlone) {
      return this.#cannotTell(
        "etcd has dialled no connection to this peer; those that came from it cannot be told apart at a shared address",
      );
    }
    // What an older table has said was said already.
    if (readUs > this.#judgedUs) {
      this.#judgedUs = readUs;
      const processAgeMs = clock.nowMs() - discovered.startedAtMs;
      this.#verdict = this.#view.judge(sockets, { nowUs: readUs, processAgeMs, isInDoubt });
      this.#samples = this.#measure(sockets);
    }
    return this.#verdict;
  }

  #toKernel(ip: string): readonly string[] | undefined {
    if (ip !== this.#ip) {
      this.#ip = ip;
      this.#remote = kernelAddresses(ip);
    }
    return this.#remote;
  }

  #cannotTell(text: string): KernelVerdict {
    this.#judgedUs = Number.NEGATIVE_INFINITY;
    this.#samples = [];
    this.#verdict = { state: "unknown", text };
    return this.#verdict;
  }

  #measure(sockets: readonly TcpSocket[]): readonly Sample[] {
    const [connections, sendQueue, retransmits, timeout] = this.#keys;
    // One that carries nothing keeps the estimate that it once had.
    const timeoutMs = Math.max(...sockets.map((socket) => socket.retransmitTimeoutMs));
    return [
      ...(sockets.length === 0 ? [] : [{ key: timeout, value: timeoutMs / 1000 }]),
      { key: connections, value: sockets.length },
      { key: sendQueue, value: sockets.reduce((sum, socket) => sum + socket.sendQueueBytes, 0) },
      { key: retransmits, value: sockets.reduce((sum, socket) => sum + socket.retransmits, 0) },
    ];
  }
}

/** The fact of one link, which stays the same object, texts and since-when included, until its state changes. */
import { create } from "@bufbuild/protobuf";
import { FactSchema, Layer, LinkFactSchema, Port } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Fact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { firstAddress, formatAddress } from "../etcd/address.ts";
import type { EtcdMember } from "../etcd/etcd-door.ts";
import type { LayerState, LinkLook } from "../etcd/link-look.ts";
import type { KernelVerdict } from "./peer-kernel-view.ts";

const LAYERS: Readonly<Record<LayerState, Layer>> = {
  ok: Layer.OK,
  failed: Layer.FAILED,
  unknown: Layer.UNKNOWN,
  absent: Layer.UNSPECIFIED,
};

/** A name service that answers later than this is slow: its client has asked a second server, or again. */
const SLOW_LOOKUP_MS = 1000;

export interface LinkState {
  readonly member: EtcdMember;
  /** undefined: nothing was tried yet. */
  readonly look: LinkLook | undefined;
  /** undefined: on the client port, which etcd itself does not use. */
  readonly kernel: KernelVerdict | undefined;
  /** Of a request that does not fit into one packet. */
  readonly large: { readonly state: LayerState; readonly text: string };
}

export class LinkFactKeeper {
  readonly #port: "peer" | "client";
  #state = "";
  /** What may change while the state lasts. */
  #beside = "";
  #sinceMs = 0;
  #fact: Fact | undefined;
  #last: LinkState | undefined;

  constructor(port: "peer" | "client") {
    this.#port = port;
  }

  /** Texts stay those of the moment when the state began: a number in them that moves is not a change of state. */
  settle(now: LinkState, nowMs: number): Fact {
    const { member, look, kernel, large } = now;
    const last = this.#last;
    const isAsLast =
      last?.member === member &&
      last.look === look &&
      last.kernel?.state === kernel?.state &&
      last.large.state === large.state;
    if (isAsLast && this.#fact !== undefined) {
      return this.#fact;
    }
    this.#last = { member, look, kernel, large: { state: large.state, text: large.text } };
    const address = look?.address ?? findAddress(this.#port === "peer" ? member.peerUrls : member.clientUrls);
    const { tcp = "unknown", tls = "unknown", http = "unknown" } = look ?? {};
    const errorCode = look?.error?.reason ?? look?.error?.code.toLowerCase() ?? "";
    const lookupMs = look?.lookupMs ?? 0;
    const isSlow = lookupMs > SLOW_LOOKUP_MS;
    const state = [member.id, member.name, address, tcp, tls, http, errorCode, kernel?.state].join(" ");
    const beside = `${large.state} ${isSlow}`;
    const isSame = this.#fact !== undefined && this.#state === state;
    if (this.#fact !== undefined && isSame && this.#beside === beside) {
      return this.#fact;
    }
    const value = create(LinkFactSchema, {
      toMemberId: member.id,
      toName: member.name,
      port: this.#port === "peer" ? Port.PEER : Port.CLIENT,
      address,
      tcp: LAYERS[tcp],
      tls: LAYERS[tls],
      http: LAYERS[http],
      errorCode,
      errorText: look?.error?.message ?? "",
      kernel: kernel === undefined ? Layer.UNSPECIFIED : LAYERS[kernel.state],
      kernelText: kernel?.text ?? "",
      large: LAYERS[large.state],
      largeText: large.text,
      slowLookupMs: isSlow ? lookupMs : 0,
    });
    this.#state = state;
    this.#beside = beside;
    // Asked later than the rest: the state began before.
    this.#sinceMs = isSame ? this.#sinceMs : nowMs;
    value.sinceUnixMs = BigInt(Math.round(this.#sinceMs));
    this.#fact = create(FactSchema, {
      key: `link/${member.name}/${this.#port}`,
      body: { case: "link", value },
    });
    return this.#fact;
  }
}

function findAddress(urls: readonly string[]): string {
  const address = firstAddress(urls);
  return address === undefined ? "" : formatAddress(address);
}

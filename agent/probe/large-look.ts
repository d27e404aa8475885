/**
 * Whether what does not fit into one packet gets through to a peer port: asked only while what does fit is answered and etcd's own
 * connections are stuck all the same. A smaller MTU on the way, with its "too big" messages filtered, looks like nothing else.
 */
import type { LayerState } from "../etcd/link-look.ts";
import type { ProbeContext } from "./probe.ts";

/** It costs the other side a handshake. */
const APART_US = 5_000_000;
const TIMEOUT_MS = 1_500;
/** etcd opens a stream that is stuck anew every five seconds: for a moment the link then looks well. */
const KEPT_FOR_US = 15_000_000;

export class LargeLook {
  #state: LayerState = "absent";
  #text = "";
  #askedUs = Number.NEGATIVE_INFINITY;
  #isAsking = false;

  /** absent: not tried. unknown: it could not be told. */
  get state(): LayerState {
    return this.#state;
  }

  get text(): string {
    return this.#text;
  }

  /** Begins a look where one is due; what it shows is there at a later one. */
  look(context: ProbeContext, name: string): void {
    const nowUs = context.clock.monotonicUs();
    if (!this.#isAsking && nowUs - this.#askedUs >= APART_US) {
      this.#askedUs = nowUs;
      this.#isAsking = true;
      void this.#ask(context, name);
    }
  }

  /** The link is in no doubt now: what was seen is forgotten when it has not been for a while. */
  settle({ clock }: ProbeContext): void {
    if (!this.#isAsking && clock.monotonicUs() - this.#askedUs >= KEPT_FOR_US) {
      this.#state = "absent";
      this.#text = "";
    }
  }

  /** Never rejects. */
  async #ask({ etcd }: ProbeContext, name: string): Promise<void> {
    try {
      // A signal of its own: it may take longer than the run that asked.
      const limits = { signal: new AbortController().signal, timeoutMs: TIMEOUT_MS };
      const { tcp, error } = await etcd.peerLargeLook(name, limits);
      const isLost = tcp === "ok" && error?.reason === "timeout";
      this.#state = error === undefined ? "ok" : isLost ? "failed" : "unknown";
      this.#text = error?.message ?? "";
    } catch (caught) {
      this.#state = "unknown";
      this.#text = caught instanceof Error ? caught.message : String(caught);
    } finally {
      this.#isAsking = false;
    }
  }
}

/** Notices from what the kernel counts anyway that more is sent again than now and then, so that it is looked at before its turn. Pure. */

/** One lost segment or two are no news. */
const LEAST_AGAIN = 4;
/** Within so long: slower than that, the turn comes first. */
const WITHIN_US = 10_000_000;
/** Two looks that both show it prove a loss, and are to be apart. */
const LEAST_APART_US = 3_000_000;

export class ResendWatch {
  #from: { readonly resent: number; readonly atUs: number } | undefined;
  #toldUs = Number.NEGATIVE_INFINITY;

  /** Whether to look now. resent: segments sent again since whenever, in etcd's network namespace; undefined: that is not known. */
  isWorthALook(resent: number | undefined, nowUs: number): boolean {
    if (resent === undefined) {
      this.#from = undefined;
      return false;
    }
    const from = this.#from;
    if (from === undefined || resent < from.resent || nowUs - from.atUs > WITHIN_US) {
      this.#from = { resent, atUs: nowUs };
      return false;
    }
    if (resent - from.resent < LEAST_AGAIN || nowUs - this.#toldUs < LEAST_APART_US) {
      return false;
    }
    this.#from = { resent, atUs: nowUs };
    this.#toldUs = nowUs;
    return true;
  }
}

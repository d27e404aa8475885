/** What one collector will never get, as its frames tell it: losses in a row are one. Pure. */
import type { FrameLoss } from "../../shared/frame.ts";

/** A loss that another follows within this time is the same one; told, it is repeated for this long. */
const EPISODE_US = 10 * 60 * 1_000_000;

export interface LossState {
  readonly loss: FrameLoss | undefined;
  readonly lostAtUs: number;
  /** First frame of the stream at hand that told it; undefined: none has. */
  readonly toldWith: bigint | undefined;
  /** When the collector is known to have heard of it. */
  readonly heardAtUs: number | undefined;
}

export const NO_LOSS: LossState = {
  loss: undefined,
  lostAtUs: 0,
  toldWith: undefined,
  heardAtUs: undefined,
};

export function addLoss(state: LossState, added: FrameLoss, nowUs: number): LossState {
  const { loss } = state;
  const isSame = loss !== undefined && nowUs - state.lostAtUs < EPISODE_US;
  return {
    loss: isSame
      ? {
          frames: loss.frames + added.frames,
          fromMs: Math.min(loss.fromMs, added.fromMs),
          toMs: Math.max(loss.toMs, added.toMs),
          reason: added.reason,
        }
      : added,
    lostAtUs: nowUs,
    toldWith: undefined,
    heardAtUs: undefined,
  };
}

/** The loss that a frame with this sequence tells, if there is one to tell. */
export function tellLoss(state: LossState, sequence: bigint, nowUs: number): LossState {
  if (state.loss === undefined) {
    return state;
  }
  if (state.heardAtUs !== undefined && nowUs - state.heardAtUs >= EPISODE_US) {
    return NO_LOSS;
  }
  return state.toldWith === undefined ? { ...state, toldWith: sequence } : state;
}

export function hearLoss(state: LossState, acknowledged: bigint, nowUs: number): LossState {
  return state.toldWith !== undefined && state.heardAtUs === undefined && acknowledged >= state.toldWith
    ? { ...state, heardAtUs: nowUs }
    : state;
}

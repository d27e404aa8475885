/** Which of the five tones each state of a cluster, member, link, check or step has. */
import type {
  CheckState,
  LayerState,
  LinkReport,
  MemberState,
  RunbookCondition,
  Severity,
  StepRisk,
  Verdict,
} from "../../../shared/rest.ts";
import type { Tone } from "./tone.ts";

export const VERDICT_TONE: Readonly<Record<Verdict, Tone>> = {
  healthy: "ok",
  degraded: "warn",
  "at-risk": "warn",
  "no-leader": "bad",
  "quorum-lost": "bad",
  unknown: "unknown",
};

export const MEMBER_TONE: Readonly<Record<MemberState, Tone>> = {
  serving: "ok",
  "no-quorum": "warn",
  hung: "bad",
  down: "bad",
  unreachable: "bad",
  removed: "info",
  unknown: "unknown",
};

export const SEVERITY_TONE: Readonly<Record<Severity, Tone>> = {
  critical: "bad",
  warning: "warn",
  info: "info",
};

export const CHECK_TONE: Readonly<Record<CheckState, Tone>> = { ok: "ok", bad: "bad", unknown: "unknown" };

export const LAYER_TONE: Readonly<Record<LayerState, Tone>> = {
  ok: "ok",
  failed: "bad",
  unknown: "unknown",
};

export const LINK_TONE: Readonly<Record<LinkReport["state"], Tone>> = {
  up: "ok",
  down: "bad",
  unknown: "unknown",
};

export const RISK_TONE: Readonly<Record<StepRisk, Tone>> = {
  "read-only": "info",
  safe: "ok",
  disruptive: "warn",
  destructive: "bad",
};

export const CONDITION_TONE: Readonly<Record<RunbookCondition["state"], Tone>> = {
  met: "ok",
  refused: "bad",
  unknown: "unknown",
};

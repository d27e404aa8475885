/** Every rule, one line each. Order is the order of checks in a report: nearest to the machine first within a layer. */
import type { Rule } from "./rule.ts";
import { agentDataLost } from "./rules/agent-data-lost.ts";
import { agentSilent } from "./rules/agent-silent.ts";
import { certExpired } from "./rules/cert-expired.ts";
import { certExpiring } from "./rules/cert-expiring.ts";
import { diskFull } from "./rules/disk-full.ts";
import { diskNearlyFull } from "./rules/disk-nearly-full.ts";
import { diskSlow } from "./rules/disk-slow.ts";
import { leaderDisagreement } from "./rules/leader-disagreement.ts";
import { memberDown } from "./rules/member-down.ts";
import { memberHung } from "./rules/member-hung.ts";
import { noLeader } from "./rules/no-leader.ts";
import { nodeUnreachable } from "./rules/node-unreachable.ts";
import { partition } from "./rules/partition.ts";
import { peerLinkDown } from "./rules/peer-link-down.ts";
import { processStopped } from "./rules/process-stopped.ts";
import { quorumAtRisk } from "./rules/quorum-at-risk.ts";
import { quorumLost } from "./rules/quorum-lost.ts";
import { quotaExceeded } from "./rules/quota-exceeded.ts";
import { quotaNear } from "./rules/quota-near.ts";

export const RULES: readonly Rule[] = [
  processStopped,
  memberDown,
  memberHung,
  quorumLost,
  quorumAtRisk,
  noLeader,
  leaderDisagreement,
  diskFull,
  diskNearlyFull,
  diskSlow,
  quotaExceeded,
  quotaNear,
  nodeUnreachable,
  partition,
  peerLinkDown,
  certExpired,
  certExpiring,
  agentSilent,
  agentDataLost,
];

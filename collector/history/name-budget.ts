/**
 * How many new names an agent may add to the history's numbers, which are never given back: so that one that makes ever new label
 * values uses up its own share and not everybody's. Pure but for its accounts.
 */
import type { AgentIdentity } from "../../shared/frame.ts";

export const NAME_BUDGET = {
  /** At once: an honest agent has some 300 KB of names in all, and most of them are other agents' too. */
  burstBytes: 4 * 1024 * 1024,
  /** After that, over 30 days, as much again. */
  refillMs: 30 * 24 * 3_600_000,
  /** What a name costs beyond its own characters. */
  entryBytes: 64,
  /** Agents with an account of their own; those beyond share one. */
  agents: 20_000,
} as const;

export interface NameBudget {
  /** Whether the agent may add a name of this length now; if so, it is booked. */
  mayAdd(agent: AgentIdentity, characters: number, nowMs: number): boolean;
}

interface Account {
  bytes: number;
  updatedMs: number;
}

export function createNameBudget(): NameBudget {
  const accounts = new Map<string, Account>();

  function accountOf(agent: AgentIdentity, nowMs: number): Account {
    const own = `${agent.cluster}/${agent.node}`;
    const name = accounts.has(own) || accounts.size < NAME_BUDGET.agents ? own : "";
    const known = accounts.get(name) ?? { bytes: NAME_BUDGET.burstBytes, updatedMs: nowMs };
    accounts.set(name, known);
    return known;
  }

  return {
    mayAdd: (agent, characters, nowMs) => {
      const account = accountOf(agent, nowMs);
      const earned = (Math.max(0, nowMs - account.updatedMs) * NAME_BUDGET.burstBytes) / NAME_BUDGET.refillMs;
      account.bytes = Math.min(NAME_BUDGET.burstBytes, account.bytes + earned);
      account.updatedMs = nowMs;
      const cost = characters + NAME_BUDGET.entryBytes;
      if (cost > account.bytes) {
        return false;
      }
      account.bytes -= cost;
      return true;
    },
  };
}

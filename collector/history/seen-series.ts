/** Remembers, a bit each, which agent is already known to have which series, so that the writer is told once. */
import type { AgentIdentity } from "../../shared/frame.ts";

/** The series of one agent. */
export interface SeenOfAgent {
  /** True the first time that it is asked for this series. */
  readonly isNew: (series: number) => boolean;
}

export interface SeenSeries {
  readonly ofAgent: (agent: AgentIdentity) => SeenOfAgent;
  /** Nothing is certain any more: a commit failed, or the file is another. */
  readonly forget: () => void;
}

export function createSeenSeries(): SeenSeries {
  const agents = new Map<string, SeenOfAgent>();

  function ofAgent(agent: AgentIdentity): SeenOfAgent {
    const name = `${agent.cluster}/${agent.node}`;
    const seen = agents.get(name) ?? createSeenOfAgent();
    agents.set(name, seen);
    return seen;
  }

  return { ofAgent, forget: () => agents.clear() };
}

function createSeenOfAgent(): SeenOfAgent {
  let bits = new Uint8Array(64);

  function isNew(series: number): boolean {
    const place = series >> 3;
    if (place >= bits.length) {
      const larger = new Uint8Array(2 ** Math.ceil(Math.log2(place + 1)));
      larger.set(bits);
      bits = larger;
    }
    const before = bits[place] ?? 0;
    const after = before | (1 << (series & 7));
    bits[place] = after;
    return after !== before;
  }

  return { isNew };
}

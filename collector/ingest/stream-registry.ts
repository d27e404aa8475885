/** Which stream speaks for each agent now: the newest. */
import type { AgentIdentity } from "../../shared/frame.ts";

export interface StreamRegistry<Stream> {
  /** Takes over; the stream that spoke until now is returned, to be told. */
  register(agent: AgentIdentity, stream: Stream): Stream | undefined;
  /** True when this stream spoke for the agent: one that closes late never removes its successor. */
  unregister(agent: AgentIdentity, stream: Stream): boolean;
  find(agent: AgentIdentity): Stream | undefined;
  all(): Iterable<Stream>;
  nodesOf(cluster: string): readonly string[];
  size(): number;
}

export function createStreamRegistry<Stream>(): StreamRegistry<Stream> {
  const clusters = new Map<string, Map<string, Stream>>();
  let size = 0;

  function register(agent: AgentIdentity, stream: Stream): Stream | undefined {
    const nodes = clusters.get(agent.cluster) ?? new Map<string, Stream>();
    clusters.set(agent.cluster, nodes);
    const replaced = nodes.get(agent.node);
    nodes.set(agent.node, stream);
    size += replaced === undefined ? 1 : 0;
    return replaced;
  }

  function unregister(agent: AgentIdentity, stream: Stream): boolean {
    const nodes = clusters.get(agent.cluster);
    if (nodes?.get(agent.node) !== stream) {
      return false;
    }
    nodes.delete(agent.node);
    size -= 1;
    if (nodes.size === 0) {
      clusters.delete(agent.cluster);
    }
    return true;
  }

  return {
    register,
    unregister,
    find: (agent) => clusters.get(agent.cluster)?.get(agent.node),
    all: () => [...clusters.values()].flatMap((nodes) => [...nodes.values()]),
    nodesOf: (cluster) => [...(clusters.get(cluster)?.keys() ?? [])],
    size: () => size,
  };
}

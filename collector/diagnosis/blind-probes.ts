/** What an agent may not look at on its own node: a blind spot that no other viewpoint shows. */
import { Outcome } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { Text } from "../../shared/text.ts";
import type { NodeView } from "../view/cluster-view.ts";
import { plainError } from "../view/plain-error.ts";

/** Lasting, and cured on that node alone: rights, and the certificate towards etcd. */
const REASONS = ["permission_denied", "no_certificate", "tls_rejected"];
/** These ask other members too, whose refusal is about them: members and links tell it. */
const SHARED_PROBES = ["status", "link"];
/** More say nothing new. */
const MAX_A_NODE = 3;

/** One sentence an error; several probes that fail for one reason are one blind spot. */
export function listBlindProbes(node: NodeView): readonly Text[] {
  if (!node.agent.isCurrent) {
    return [];
  }
  const byError = new Map<string, string[]>();
  for (const run of node.state.runs.failing()) {
    const isOwn = run.outcome === Outcome.FAILED && !SHARED_PROBES.includes(run.probe);
    if (isOwn && REASONS.includes(run.errorCode)) {
      const error = plainError(run.errorText, run.errorCode);
      byError.set(error, [...(byError.get(error) ?? []), run.probe]);
    }
  }
  return [...byError]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .slice(0, MAX_A_NODE)
    .map(([error, probes]) => {
      const names = [...new Set(probes)].sort().join(", ");
      return {
        en: `the agent of ${node.name} cannot look at ${names}: ${error}`,
        zh: `${node.name} 的代理无法检查 ${names}：${error}`,
      };
    });
}

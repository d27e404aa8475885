/** Who an agent is, as its certificate proves it: the URI etcdscope://CLUSTER/NODE among its alternative names. Pure. */
import type { AgentIdentity } from "../../shared/frame.ts";
import { isName, LIMITS } from "../../shared/limits.ts";

const AGENT_URI = /^URI:etcdscope:\/\/([A-Za-z0-9._-]+)\/([A-Za-z0-9._-]+)$/;

/**
 * The identity in a certificate's alternative names as Node prints them ("DNS:a, URI:etcdscope://prod-a/m1"), or
 * undefined when there is none, or more than one: then it proves nothing.
 */
export function parseIdentity(subjectAltName: string | undefined): AgentIdentity | undefined {
  const found = splitAltNames(subjectAltName ?? "")
    .map((name) => AGENT_URI.exec(name))
    .filter((match) => match !== null);
  const [cluster, node] = [found[0]?.[1], found[0]?.[2]];
  if (found.length !== 1 || cluster === undefined || node === undefined) {
    return undefined;
  }
  return isName(cluster, LIMITS.clusterCharacters) && isName(node, LIMITS.nodeCharacters)
    ? { cluster, node }
    : undefined;
}

/** Node quotes a name that holds a comma or a quote as a JSON string, so that no name can pose as two. */
function splitAltNames(text: string): readonly string[] {
  return [...text.matchAll(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g)].map((match) => match[0].trim());
}

/**
 * Who an agent is, as its certificate proves it: the URI etcdscope://CLUSTER/NODE among its alternative names, or, where
 * SPIFFE gives out identities, spiffe://DOMAIN/cluster/CLUSTER/node/NODE. Pure.
 */
import type { AgentIdentity } from "../../shared/frame.ts";
import { isName, LIMITS } from "../../shared/limits.ts";

const AGENT_URIS = [
  /^URI:etcdscope:\/\/(?<cluster>[A-Za-z0-9._-]+)\/(?<node>[A-Za-z0-9._-]+)$/,
  /^URI:spiffe:\/\/[a-z0-9._-]+\/cluster\/(?<cluster>[A-Za-z0-9._-]+)\/node\/(?<node>[A-Za-z0-9._-]+)$/,
];

/**
 * The identity in a certificate's alternative names as Node prints them ("DNS:a, URI:etcdscope://prod-a/m1"), or
 * undefined when there is none, or more than one: then it proves nothing.
 */
export function parseIdentity(subjectAltName: string | undefined): AgentIdentity | undefined {
  const found = splitAltNames(subjectAltName ?? "")
    .flatMap((name) => AGENT_URIS.map((uri) => uri.exec(name)?.groups))
    .filter((groups) => groups !== undefined);
  const { cluster, node } = found[0] ?? {};
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

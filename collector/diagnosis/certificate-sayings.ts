/**
 * What logs say of one node's certificates. A line proves something of the side that it names: etcd's peers name whom they refuse by
 * member id, and a node whose certificate is refused is told so in an alert ("remote error").
 */
import type { Evidence } from "../../shared/rest.ts";
import type { NodeView } from "../view/cluster-view.ts";
import type { JudgedCluster } from "./judged-cluster.ts";
import { findMember } from "./judged-cluster.ts";
import { listSayings, proveBySaying } from "./log-evidence.ts";
import type { Saying } from "./log-evidence.ts";

/** The agent tells once a minute what a log goes on saying; a certificate that is refused is tried again every few seconds. */
const SAID_WITHIN_MS = 150_000;
const MAX_PROOFS = 3;
/** An alert of the other side: what it refuses is ours. */
const REFUSED = /remote error: tls:/;
/** Lines about connections between members. */
const BETWEEN_PEERS = /peer-id|peer endpoint|health check for peer|rafthttp/;

/** Newest of each log first that proves it, at most three. Only what members say of each other. */
export function proveByPeers(
  cluster: JudgedCluster,
  node: NodeView,
  codes: readonly string[],
): readonly Evidence[] {
  const sinceMs = cluster.nowMs - SAID_WITHIN_MS;
  const wanted = new Set(codes);
  const memberId = node.member === undefined ? "" : (findMember(cluster, node.member)?.view.memberId ?? "");
  const proofs = cluster.view.nodes.flatMap((other) => {
    if (!other.agent.isCurrent) {
      return [];
    }
    const isOwn = other.name === node.name;
    const proves = ({ line }: Saying): boolean =>
      isOwn
        ? REFUSED.test(line) && BETWEEN_PEERS.test(line)
        : memberId !== "" && line.includes(memberId) && !REFUSED.test(line);
    const last = listSayings(other.state, wanted, sinceMs).findLast(proves);
    return last === undefined ? [] : [proveBySaying(other, last)];
  });
  return proofs.slice(0, MAX_PROOFS);
}

/** What etcd on this node says itself of its own files, as when it does not start with them. */
export function proveByOwnLog(
  cluster: JudgedCluster,
  node: NodeView,
  codes: readonly string[],
): readonly Evidence[] {
  const last = listSayings(node.state, new Set(codes), cluster.nowMs - SAID_WITHIN_MS).at(-1);
  return last === undefined ? [] : [proveBySaying(node, last)];
}

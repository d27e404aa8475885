/** What stands at a port that cannot be reached, as the agents at both ends see it: who listens there, and which rules name it. */
import type { FirewallRule, ListenPort } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Evidence } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import type { LinkView, NodeView } from "../view/cluster-view.ts";
import { findFact } from "../view/node-reading.ts";
import { createEvidence } from "./evidence.ts";
import type { JudgedCluster, JudgedMember } from "./judged-cluster.ts";
import { findMember, findNode } from "./judged-cluster.ts";

const MAX_PORTS = 3;
/** Of one node; more would be the rules and not the finding. */
const MAX_RULES = 3;

/** Who listens on the port of that link, and what the packet filters of its two ends do there. */
export function provePort(cluster: JudgedCluster, link: LinkView): readonly Evidence[] {
  return [...proveListener(cluster, link), ...proveFirewall(cluster, link)];
}

/** Rules at either end that block the port of that link, or whatever comes from there. */
export function proveFirewall(cluster: JudgedCluster, link: LinkView): readonly Evidence[] {
  const port = portOf(link.address);
  return [link.to, link.from].flatMap((name) => {
    const node = findNodeOf(cluster, name);
    const held = node === undefined ? undefined : findFact(node.state, "firewall", "firewall");
    if (node === undefined || held === undefined) {
      return [];
    }
    const { rules, problem } = held.body;
    const blocking = rules.filter((rule) => rule.isBlocking && concerns(rule, port)).slice(0, MAX_RULES);
    const about = { node: node.name, atMs: held.sinceMs };
    if (blocking.length === 0 && problem !== "") {
      const text = {
        en: `its packet filter was not seen: ${problem}`,
        zh: `未能查看其包过滤规则：${problem}`,
      };
      return [createEvidence({ ...about, source: "packet filter" }, text)];
    }
    return blocking.map(({ source, text }) =>
      createEvidence({ ...about, source }, { en: `a rule here: ${text}`, zh: `此处有规则：${text}` }),
    );
  });
}

function proveListener(cluster: JudgedCluster, { to, address }: LinkView): readonly Evidence[] {
  const node = findNodeOf(cluster, to);
  const held = node === undefined ? undefined : findFact(node.state, "listening", "listening");
  const listener = held?.body.ports.find((one) => one.port === portOf(address));
  if (node === undefined || held === undefined || listener === undefined) {
    return [];
  }
  const origin = { node: node.name, source: "/proc/net/tcp", atMs: held.sinceMs };
  return [createEvidence(origin, sayListener(listener))];
}

/** Ports of its own flags that etcd on a member's node does not hold: it has not come so far, or somebody else has them. */
export function proveUnheld(cluster: JudgedCluster, member: JudgedMember): readonly Evidence[] {
  const node = findNode(cluster, member.view.node);
  const held = node === undefined ? undefined : findFact(node.state, "listening", "listening");
  if (node === undefined || held === undefined) {
    return [];
  }
  const origin = { node: node.name, source: "/proc/net/tcp", atMs: held.sinceMs };
  return held.body.ports
    .filter(({ isEtcd }) => !isEtcd)
    .slice(0, MAX_PORTS)
    .map((listener) => createEvidence(origin, sayListener(listener)));
}

function sayListener({ address, isFree, isEtcd, pid, process }: ListenPort): Text {
  if (isFree) {
    return { en: `nobody listens on ${address} here`, zh: `此处无进程监听 ${address}` };
  }
  if (isEtcd) {
    return { en: `etcd listens on ${address} here`, zh: `此处 etcd 正在监听 ${address}` };
  }
  const who = pid === 0 ? { en: "another process", zh: "另一个进程" } : undefined;
  return {
    en: `${who?.en ?? `${process} (pid ${pid})`} listens on ${address} here, not etcd`,
    zh: `此处监听 ${address} 的是${who?.zh ?? ` ${process}（pid ${pid}）`}，不是 etcd`,
  };
}

/** One that names ports concerns only these; one that names none blocks all of them. */
function concerns({ ports }: FirewallRule, port: number): boolean {
  return ports.length === 0 || ports.includes(port);
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}

function findNodeOf(cluster: JudgedCluster, member: string): NodeView | undefined {
  return findNode(cluster, findMember(cluster, member)?.view.node);
}

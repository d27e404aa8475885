/** Whether the etcd of a node speaks plain text only, by its flags: then there is no certificate to ask about. */
import type { Text } from "../../shared/text.ts";
import type { NodeView } from "../view/cluster-view.ts";
import { findFact } from "../view/node-reading.ts";

const OF_TLS = ["cert-file", "peer-cert-file", "trusted-ca-file", "peer-trusted-ca-file"] as const;
const MADE = ["auto-tls", "peer-auto-tls"] as const;

/** undefined: it has certificates, or that is not known. */
export function sayPlainText(node: NodeView): Text | undefined {
  const { flags = {}, configuredBy = "?" } = findFact(node.state, "flags", "flags")?.body ?? {};
  // The agent's own configuration knows of no flag.
  const isPlain =
    (configuredBy === "" || configuredBy.startsWith("/")) &&
    OF_TLS.every((name) => (flags[name] ?? "") === "") &&
    MADE.every((name) => !/^(?:true|t|1)$/i.test(flags[name] ?? ""));
  return isPlain
    ? {
        en: `etcd on ${node.name} speaks plain text: it has no certificates`,
        zh: `${node.name} 上的 etcd 使用明文：没有证书`,
      }
    : undefined;
}

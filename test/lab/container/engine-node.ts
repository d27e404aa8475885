/** A node with a container engine in a folder of its own, from what is fetched for it to its end: for stories and for captures. */
import { join } from "node:path";
import { unavailable, type Unavailable } from "../availability.ts";
import { ensureEtcd } from "../etcd-binaries.ts";
import { createRunFolder, removeFolderWithMounts } from "../run-folder.ts";
import type { OwnNode } from "./own-node.ts";

export interface EngineNode<Node extends OwnNode> {
  readonly kind: "available";
  readonly node: Node;
  /** For what else a story writes. */
  readonly dir: string;
  /** Nothing is left of it. */
  stop(): Promise<void>;
}

export interface Engine<Binaries, Node extends OwnNode> {
  readonly ensure: () => Promise<Binaries | Unavailable>;
  readonly start: (options: {
    readonly dir: string;
    readonly binaries: Binaries;
    readonly etcd: string;
  }) => Promise<Node | Unavailable>;
}

export async function startEngineNode<Binaries extends { readonly kind: "available" }, Node extends OwnNode>({
  ensure,
  start,
}: Engine<Binaries, Node>): Promise<EngineNode<Node> | Unavailable> {
  const [etcd, binaries] = await Promise.all([ensureEtcd("3.4"), ensure()]);
  if (etcd.kind === "unavailable" || binaries.kind === "unavailable") {
    const reasons = [etcd, binaries].flatMap((one) => (one.kind === "unavailable" ? [one.because] : []));
    return unavailable(reasons.join("; "));
  }
  const dir = await createRunFolder();
  const node = await start({ dir: join(dir, "node"), binaries, etcd: etcd.etcd });
  if (node.kind === "unavailable") {
    await removeFolderWithMounts(dir);
    return node;
  }
  const stop = async (): Promise<void> => {
    await node.stop();
    await removeFolderWithMounts(dir);
  };
  return { kind: "available", node, dir, stop };
}

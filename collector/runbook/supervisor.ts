/** Who starts etcd on a node, and with that how it is stopped, started and asked for its log: told from what the view has. */
import type { FlagsFact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { NodeView } from "../view/cluster-view.ts";
import { findFact } from "../view/node-reading.ts";

export type Supervisor =
  | { readonly kind: "systemd"; readonly unit: string }
  | { readonly kind: "static-pod"; readonly manifest: string }
  | { readonly kind: "engine"; readonly engine: "docker" | "podman"; readonly container: string }
  /** Started by hand or by something that is not recognised: the command line as it was last seen. */
  | { readonly kind: "process"; readonly executable: string }
  | { readonly kind: "unknown" };

/** Where kubeadm has them unless the kubelet was told otherwise. */
const MANIFEST = "/etc/kubernetes/manifests/etcd.yaml";

/** By the file that would start an etcd which does not run. */
function readStarter(source: string): Supervisor | undefined {
  const unit = /^\/.*\/([\w@.:][\w@.:-]*\.service)$/.exec(source)?.[1];
  if (unit !== undefined) {
    return { kind: "systemd", unit };
  }
  if (/^\/.*\.ya?ml$/.test(source)) {
    return { kind: "static-pod", manifest: source };
  }
  const [, container, record] =
    /containers\/([0-9a-f]{12})[0-9a-f]{52}\/(config\.v2|userdata\/config)\.json$/.exec(source) ?? [];
  if (container !== undefined) {
    return { kind: "engine", engine: record === "config.v2" ? "docker" : "podman", container };
  }
  const product = /\/(k3s|rke2)\/server\/db\/etcd\/config$/.exec(source)?.[1];
  // Both are started and stopped as a whole: their etcd has no unit of its own.
  return product === undefined
    ? undefined
    : { kind: "systemd", unit: product === "k3s" ? "k3s.service" : "rke2-server.service" };
}

export function findSupervisor(view: NodeView | undefined, flags: FlagsFact | undefined): Supervisor {
  const process = view === undefined ? undefined : findFact(view.state, "process", "process")?.body;
  const cgroup = process?.cgroup ?? "";
  if (/kubepods/.test(cgroup)) {
    return { kind: "static-pod", manifest: MANIFEST };
  }
  const [, name, container] =
    /\/(docker|libpod)[-/]([0-9a-f]{12})[0-9a-f]{52}(?:\.scope)?(?:\/container)?$/.exec(cgroup) ?? [];
  if (container !== undefined) {
    return { kind: "engine", engine: name === "docker" ? "docker" : "podman", container };
  }
  const unit = /\/([\w@.:-]+\.service)$/.exec(cgroup)?.[1];
  // A user's session or a container engine is a service too, and restarting that is not restarting etcd.
  if (unit !== undefined && !unit.startsWith("-") && /etcd/.test(unit)) {
    return { kind: "systemd", unit };
  }
  const source = view === undefined ? undefined : findFact(view.state, "start", "start")?.body.source;
  const starter = readStarter(source ?? "");
  if (starter !== undefined) {
    return starter;
  }
  const files = [flags?.flags["cert-file"], flags?.flags["trusted-ca-file"]];
  if (files.some((path) => path?.startsWith("/etc/kubernetes/") === true)) {
    return { kind: "static-pod", manifest: MANIFEST };
  }
  return cgroup !== "" && process !== undefined && process.executable.startsWith("/")
    ? { kind: "process", executable: process.executable }
    : { kind: "unknown" };
}

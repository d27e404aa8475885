/**
 * What a kubelet does with kubeadm's manifest of etcd, as far as a runtime and its files see it: one sandbox, a container a start, logs
 * at their place, named for their containers, rotated as a kubelet rotates them. Paths are those of the node, whose view of the file system it works in.
 */
import { createHash } from "node:crypto";
import { renameSync, symlinkSync, writeFileSync } from "node:fs";
import { stringify } from "yaml";
import { systemClock } from "../../../shared/clock.ts";
import type { Flags } from "../etcd-member.ts";
import type { ContainerNode } from "./container-node.ts";

export interface StaticPodOptions {
  readonly node: string;
  readonly image: string;
  /** etcd's, without the leading dashes. */
  readonly flags: Flags;
  /** The same path on the host and in the container, as kubeadm has it. */
  readonly directories: readonly string[];
}

export interface ContainerChange {
  readonly flags?: Flags;
  readonly command?: readonly string[];
  readonly memoryLimitBytes?: number;
}

/** kubeadm's etcd.yaml, without the probes that a kubelet makes. */
export function writeManifest({ node, image, flags, directories }: StaticPodOptions): string {
  const names = directories.map((_, index) => (index === 0 ? "etcd-data" : `etcd-certs-${index}`));
  return stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      annotations: {
        "kubeadm.kubernetes.io/etcd.advertise-client-urls": flags["advertise-client-urls"] ?? "",
      },
      labels: { component: "etcd", tier: "control-plane" },
      name: "etcd",
      namespace: "kube-system",
    },
    spec: {
      containers: [
        {
          command: ["etcd", ...wordsOf(flags)],
          image,
          imagePullPolicy: "IfNotPresent",
          name: "etcd",
          resources: { requests: { cpu: "100m", memory: "100Mi" } },
          volumeMounts: directories.map((mountPath, index) => ({ mountPath, name: names[index] })),
        },
      ],
      hostNetwork: true,
      nodeName: node,
      priorityClassName: "system-node-critical",
      securityContext: { seccompProfile: { type: "RuntimeDefault" } },
      volumes: directories.map((path, index) => ({
        hostPath: { path, type: "DirectoryOrCreate" },
        name: names[index],
      })),
    },
  });
}

function wordsOf(flags: Flags): readonly string[] {
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}

export interface StaticPod {
  /** A static pod's is the hash of its manifest. */
  readonly uid: string;
  readonly logDirectory: string;
  /** Starts the next container of the pod; its id. Throws what the runtime says where it cannot. */
  start(changed?: ContainerChange): Promise<string>;
  /** Of the last container that was made, whether it started or not. */
  lastId(): string;
  /** Of the last start. */
  logPath(): string;
  /** Renames the log of the last start and has the runtime open a new one. */
  rotateLog(id: string): Promise<void>;
  remove(): Promise<void>;
}

/** Puts the manifest where a kubelet finds it, and starts the pod's sandbox; its container is started by start(). */
export async function startStaticPod(
  { cri, at, cgroupRoot }: Pick<ContainerNode, "cri" | "at" | "cgroupRoot">,
  options: StaticPodOptions,
): Promise<StaticPod> {
  const manifest = writeManifest(options);
  writeFileSync(at("/etc/kubernetes/manifests/etcd.yaml"), manifest);
  const uid = createHash("md5").update(options.node).update(manifest).digest("hex");
  const name = `etcd-${options.node}`;
  const logDirectory = `/var/log/pods/kube-system_${name}_${uid}`;
  const cgroup = `${cgroupRoot}/kubepods/burstable/pod${uid}`;
  const labels = {
    "io.kubernetes.pod.name": name,
    "io.kubernetes.pod.namespace": "kube-system",
    "io.kubernetes.pod.uid": uid,
  };
  const namespaces = { network: 2, pid: 1 };
  const sandbox = {
    metadata: { name, uid, namespace: "kube-system", attempt: 0 },
    log_directory: logDirectory,
    labels: entries({ ...labels, component: "etcd", tier: "control-plane" }),
    annotations: entries({ "kubernetes.io/config.source": "file", "kubernetes.io/config.hash": uid }),
    linux: { cgroup_parent: cgroup, security_context: { namespace_options: namespaces } },
  };
  const { pod_sandbox_id: sandboxId } = await cri.call("RunPodSandbox", { config: sandbox });
  let attempts = 0;
  let lastId = "";
  const logPath = (): string => `${logDirectory}/etcd/${attempts - 1}.log`;
  return {
    uid,
    logDirectory,
    lastId: () => lastId,
    logPath,
    rotateLog: async (id) => {
      const time = new Date(systemClock.nowMs())
        .toISOString()
        .replaceAll(/[-:]|\..*/g, "")
        .replace("T", "-");
      renameSync(at(logPath()), at(`${logPath()}.${time}`));
      await cri.call("ReopenContainerLog", { container_id: id });
    },
    start: async ({ flags = {}, command, memoryLimitBytes = 0 } = {}) => {
      const attempt = attempts;
      attempts += 1;
      const config = {
        metadata: { name: "etcd", attempt },
        image: { image: options.image },
        command: [...(command ?? ["etcd", ...wordsOf({ ...options.flags, ...flags })])],
        mounts: options.directories.map((path) => ({ container_path: path, host_path: path })),
        labels: entries({ ...labels, "io.kubernetes.container.name": "etcd" }),
        annotations: entries({
          "io.kubernetes.container.restartCount": String(attempt),
          "io.kubernetes.container.terminationMessagePath": "/dev/termination-log",
        }),
        log_path: `etcd/${attempt}.log`,
        linux: {
          resources: { cpu_shares: "102", memory_limit_in_bytes: String(memoryLimitBytes) },
          security_context: { namespace_options: namespaces },
        },
      };
      const request = { pod_sandbox_id: sandboxId ?? "", config, sandbox_config: sandbox };
      lastId = (await cri.call("CreateContainer", request))["container_id"] ?? "";
      await cri.call("StartContainer", { container_id: lastId });
      symlinkSync(logPath(), at(`/var/log/containers/${name}_kube-system_etcd-${lastId}.log`));
      return lastId;
    },
    remove: async () => {
      await cri.call("StopPodSandbox", { pod_sandbox_id: sandboxId ?? "" });
      await cri.call("RemovePodSandbox", { pod_sandbox_id: sandboxId ?? "" });
    },
  };
}

function entries(values: Readonly<Record<string, string>>): { key: string; value: string }[] {
  return Object.entries(values).map(([key, value]) => ({ key, value }));
}

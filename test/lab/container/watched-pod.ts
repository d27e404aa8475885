/** A node where etcd runs as kubeadm's static pod in a real containerd, with an agent on it and a collector beside it. */
import { join } from "node:path";
import type { ReceivedFrame } from "../../../shared/frame.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { ClusterState } from "../../../shared/rest.ts";
import type { Unavailable } from "../availability.ts";
import { ensureEtcd } from "../etcd-binaries.ts";
import type { Flags } from "../etcd-member.ts";
import { createEtcdPki } from "../etcd-pki.ts";
import { createEtcdctl, type Etcdctl } from "../etcdctl.ts";
import { ETCDSCOPE } from "../etcdscope-command.ts";
import { findFreePorts } from "../free-ports.ts";
import { httpGet } from "../http-get.ts";
import { createLabService } from "../lab-service.ts";
import { startLabProcess } from "../lab-process.ts";
import { openHistory } from "../open-history.ts";
import { createRunFolder, removeFolderWithMounts } from "../run-folder.ts";
import { issueStackCertificates, writeAgentConfig, writeCollectorConfig } from "../stack-config.ts";
import { describeState } from "../stack.ts";
import { waitFor } from "../wait-for.ts";
import { ensureContainerd } from "./container-binaries.ts";
import { ETCD_IMAGE, startContainerNode, type ContainerNode } from "./container-node.ts";
import { startStaticPod, type StaticPod } from "./static-pod.ts";

export interface WatchedPod {
  readonly kind: "available";
  readonly node: ContainerNode;
  readonly clientUrl: string;
  readonly clientPort: number;
  readonly caPath: string;
  readonly etcdctl: Etcdctl;
  /** As kubelet has it now. */
  readonly pod: StaticPod;
  /** Another manifest in place of the one that is there: another pod, as for a kubelet. Its container is not started. */
  replacePod(flags: Flags): Promise<void>;
  /** The process that the agent sees as etcd, by the number that it has on the node; 0: none. */
  findPid(): Promise<number>;
  waitFor(what: string, predicate: (state: ClusterState) => boolean): Promise<ClusterState>;
  /** Ends agent and collector, and reads what the agent sent. */
  readFrames(): Promise<readonly ReceivedFrame[]>;
  stop(): Promise<void>;
}

const CLUSTER = "lab";
const NAME = "m1";
const PKI = "/etc/kubernetes/pki/etcd";
const DATA = "/var/lib/etcd";
/** Beside other tests; the first look waits for the collector to start. */
const SEEN_WITHIN_MS = 60_000;

export async function startWatchedPod(): Promise<WatchedPod | Unavailable> {
  const [etcd, binaries] = await Promise.all([ensureEtcd("3.5"), ensureContainerd()]);
  if (etcd.kind === "unavailable" || binaries.kind === "unavailable") {
    return etcd.kind === "unavailable" ? etcd : (binaries as Unavailable);
  }
  const dir = await createRunFolder();
  const started = await startContainerNode({ dir: join(dir, "node"), binaries, etcd: etcd.etcd });
  if (started.kind === "unavailable") {
    await removeFolderWithMounts(dir);
    return started;
  }
  const node = started;
  const [clientPort = 0, peerPort = 0, metricsPort = 0, grpcPort = 0, httpPort = 0] = await findFreePorts(5);
  // One member by the name of the folder that kubeadm has.
  const identity = { name: "etcd", ips: ["127.0.0.1"], dnsNames: ["localhost", NAME] };
  const pki = await createEtcdPki(node.at("/etc/kubernetes/pki"), [identity]);
  const clientUrl = `https://127.0.0.1:${clientPort}`;
  const peerUrl = `https://127.0.0.1:${peerPort}`;
  const flags: Flags = {
    "advertise-client-urls": clientUrl,
    "cert-file": `${PKI}/server.crt`,
    "client-cert-auth": "true",
    "data-dir": DATA,
    "experimental-initial-corrupt-check": "true",
    "initial-advertise-peer-urls": peerUrl,
    "initial-cluster": `${NAME}=${peerUrl}`,
    "key-file": `${PKI}/server.key`,
    "listen-client-urls": clientUrl,
    "listen-metrics-urls": `http://127.0.0.1:${metricsPort}`,
    "listen-peer-urls": peerUrl,
    name: NAME,
    "peer-cert-file": `${PKI}/peer.crt`,
    "peer-client-cert-auth": "true",
    "peer-key-file": `${PKI}/peer.key`,
    "peer-trusted-ca-file": `${PKI}/ca.crt`,
    "trusted-ca-file": `${PKI}/ca.crt`,
  };
  const createPod = async (changed: Flags): Promise<StaticPod> =>
    await startStaticPod(node, {
      node: NAME,
      image: ETCD_IMAGE,
      flags: { ...flags, ...changed },
      directories: [DATA, PKI],
    });

  const pkiDir = join(dir, "pki");
  const place = { ip: "127.0.0.1", grpcPort, httpPort };
  await issueStackCertificates(pkiDir, CLUSTER, { nodes: [NAME], hosts: ["127.0.0.1"] });
  const collectorDir = join(dir, "collector");
  const collector = createLabService({
    name: "collector",
    command: "collector",
    configPath: writeCollectorConfig({
      dir: collectorDir,
      pkiDir,
      place,
      cluster: CLUSTER,
      voters: 1,
      overrides: {},
    }),
    logPath: join(dir, "collector.log"),
    namespace: undefined,
  });
  const agentConfig = writeAgentConfig({
    dir: join(dir, "agent"),
    pkiDir,
    place,
    cluster: CLUSTER,
    member: { name: NAME, dataDir: DATA },
    // It is the only one on this node: what a static pod's agent is told is nothing.
    overrides: { etcd: {} },
  });

  let pod: StaticPod;
  let last: ClusterState | undefined;
  async function state(): Promise<ClusterState> {
    const { status, body } = await httpGet(
      { port: httpPort, socketPath: undefined },
      `/api/v1/clusters/${CLUSTER}`,
    );
    if (status !== 200) {
      throw new Error(`The collector answered ${status}`);
    }
    last = JSON.parse(body) as ClusterState;
    return last;
  }
  async function stop(): Promise<void> {
    await node.stop();
    await collector.kill("SIGKILL");
    await removeFolderWithMounts(dir);
  }
  try {
    pod = await createPod({});
    await pod.start();
    await collector.start();
    const agent = await startLabProcess({
      command: node.wrap([ETCDSCOPE, "agent", "--config", agentConfig]),
      logPath: join(dir, "agent.log"),
    });
    return {
      kind: "available",
      node,
      clientUrl,
      clientPort,
      caPath: pki.caPath,
      etcdctl: createEtcdctl({ binaries: etcd, pki, namespace: undefined }),
      get pod() {
        return pod;
      },
      replacePod: async (changed) => {
        await pod.remove();
        pod = await createPod(changed);
      },
      findPid: async () => await node.findPid("etcd"),
      waitFor: async (what, predicate) => {
        await waitFor(what, async () => predicate(await state()), {
          timeoutMs: SEEN_WITHIN_MS,
          describeLast: () => describeState(last),
        });
        return await state();
      },
      readFrames: async () => {
        await agent.stop("SIGKILL");
        await collector.kill("SIGTERM");
        const history = await openHistory(join(collectorDir, "history.db"));
        try {
          return await history.frames(CLUSTER, 0, systemClock.nowMs());
        } finally {
          await history.close();
        }
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** SHARED_DISK: the WAL's disk also takes what containers write, so that a pull of images is felt by every write to etcd. */
import type { StoragePlace } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { findFact } from "../../view/node-reading.ts";
import { eachNode } from "../each-node.ts";
import type { NodeLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import { formatNames } from "../format.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";

/** What writes much at once; logs and our own spool write little and steadily. */
const HEAVY: ReadonlySet<string> = new Set(["images", "kubelet"]);

export const sharedDisk: Rule = {
  code: "SHARED_DISK",
  layer: "config",
  isFault: false,
  respondWithin: { ...RESPOND_WITHIN, info: "30d" },
  runbook: "shared-disk",
  holdMs: 0,
  quietMs: 2000,
  evaluate: eachNode(evaluateNode),
};

function evaluateNode({ node }: NodeLook): RuleOutcome {
  const subject = nodeSubject(node.name);
  const held = findFact(node.state, "storage_places", "storagePlaces");
  const wal = held?.body.places.find(({ role }) => role === "wal");
  if (held === undefined || wal === undefined || wal.disk === "") {
    const reason = {
      en: `which disk the WAL on ${node.name} is on is not known`,
      zh: `不知道 ${node.name} 的 WAL 位于哪块磁盘`,
    };
    return { kind: "unknown", subject, reason, isBeyondOneLook: true };
  }
  const { places } = held.body;
  // A container engine on a machine that is no node of Kubernetes is seldom busy.
  const isNode = places.some(({ role }) => role === "kubelet");
  const beside = isNode ? places.filter(({ role, disk }) => HEAVY.has(role) && disk === wal.disk) : [];
  if (beside.length === 0) {
    const because = {
      en: `no container images share ${wal.disk} with the WAL`,
      zh: `容器镜像与 WAL 不在同一磁盘 ${wal.disk}`,
    };
    return { kind: "ok", subject, because };
  }
  const paths = formatNames(beside.map(({ path }) => path));
  return {
    kind: "bad",
    subject,
    severity: "info",
    title: {
      en: `etcd on ${node.name} has no disk of its own`,
      zh: `${node.name} 上的 etcd 没有独立磁盘`,
    },
    detail: {
      en: `${paths.en} are on ${wal.disk}, as the WAL is: a pull of images or a burst of container logs makes every write wait. Give --wal-dir, or the whole data directory, a disk of its own when the next node is built`,
      zh: `${paths.zh} 与 WAL 同在 ${wal.disk}：拉取镜像或容器日志突增会使每次写入等待。建设下一节点时请为 --wal-dir 或整个数据目录提供独立磁盘`,
    },
    evidence: [wal, ...beside].map((place) => {
      const said = describe(place);
      return createEvidence(
        { node: node.name, source: "mounts", atMs: held.sinceMs },
        { en: said, zh: said },
      );
    }),
  };
}

function describe({ role, path, mountPoint, disk }: StoragePlace): string {
  return `${role}: ${path} (${mountPoint}, ${disk})`;
}

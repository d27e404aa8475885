/** Versions of etcd with faults that its maintainers have told of, each with where they did. Only what an upgrade mends. */
import type { Text } from "../../shared/text.ts";

export interface KnownFault {
  /** From this patch of the minor version on, up to and with `to`. */
  readonly minor: string;
  readonly from: number;
  readonly to: number;
  readonly fixedIn: string;
  readonly severity: "warning" | "info";
  /** Only a cluster of one member has it. */
  readonly isForOneMember?: true;
  readonly text: Text;
  /** The issue or change of etcd's own repository. */
  readonly source: string;
}

export const KNOWN_FAULTS: readonly KnownFault[] = [
  {
    minor: "3.5",
    from: 0,
    to: 2,
    fixedIn: "3.5.3",
    severity: "warning",
    text: {
      en: "a member that is killed under load can come back with other data than the rest",
      zh: "在负载下被杀的成员重启后数据可能与其他成员不一致",
    },
    source: "https://github.com/etcd-io/etcd/issues/13766",
  },
  {
    minor: "3.5",
    from: 0,
    to: 5,
    fixedIn: "3.5.6",
    severity: "info",
    text: {
      en: "a crash while it defragments leaves another revision than the rest",
      zh: "碎片整理期间崩溃会使 revision 与其他成员不一致",
    },
    source: "https://github.com/etcd-io/etcd/pull/14685",
  },
  {
    minor: "3.5",
    from: 5,
    to: 5,
    fixedIn: "3.5.6",
    severity: "info",
    text: {
      en: "with authentication on, a new member can hold other data than the rest",
      zh: "启用认证时，新加入的成员数据可能与其他成员不一致",
    },
    source: "https://github.com/etcd-io/etcd/pull/15761",
  },
  {
    minor: "3.4",
    from: 20,
    to: 21,
    fixedIn: "3.4.22",
    severity: "info",
    text: {
      en: "with authentication on, a new member can hold other data than the rest",
      zh: "启用认证时，新加入的成员数据可能与其他成员不一致",
    },
    source: "https://github.com/etcd-io/etcd/pull/15761",
  },
  {
    minor: "3.5",
    from: 0,
    to: 4,
    fixedIn: "3.5.5",
    severity: "warning",
    isForOneMember: true,
    text: {
      en: "a cluster of one member can lose a write that it has confirmed when it crashes right after",
      zh: "单成员集群在确认写入后立即崩溃可能丢失该写入",
    },
    source: "https://github.com/etcd-io/etcd/issues/14370",
  },
  {
    minor: "3.4",
    from: 0,
    to: 20,
    fixedIn: "3.4.21",
    severity: "warning",
    isForOneMember: true,
    text: {
      en: "a cluster of one member can lose a write that it has confirmed when it crashes right after",
      zh: "单成员集群在确认写入后立即崩溃可能丢失该写入",
    },
    source: "https://github.com/etcd-io/etcd/issues/14370",
  },
];

/** Of "3.5.2", or a build of it ("3.5.2-k3s1"); undefined for what is no version. */
export function findKnownFaults(version: string, memberCount: number): readonly KnownFault[] | undefined {
  const match = /^v?(\d+\.\d+)\.(\d+)/.exec(version);
  if (match === null) {
    return undefined;
  }
  const [, minor, patch] = match;
  return KNOWN_FAULTS.filter(
    (fault) =>
      fault.minor === minor &&
      fault.from <= Number(patch) &&
      Number(patch) <= fault.to &&
      (fault.isForOneMember !== true || memberCount === 1),
  );
}

/** What remains to be done after an incident, by its causes and by what was missing while it lasted. */
import type { Incident } from "../../shared/rest-incident.ts";
import type { Text } from "../../shared/text.ts";

const BY_CODE: Readonly<Record<string, Text>> = {
  MEMBER_DOWN: {
    en: "find why etcd exited (its log and the kernel's around the time above), and have its service restart it by itself",
    zh: "查明 etcd 退出的原因（上述时间前后的 etcd 与内核日志），并配置服务自动重启",
  },
  PROCESS_STOPPED: {
    en: "find who stopped the process (debugger, freezer, job control) and prevent it",
    zh: "查明是谁暂停了进程（调试器、freezer、作业控制）并加以防止",
  },
  DISK_FULL: {
    en: "give etcd a filesystem of its own and alert on free space well before it is full",
    zh: "为 etcd 使用独立的文件系统，并在写满前对剩余空间告警",
  },
  DISK_SLOW: {
    en: "put the WAL on a dedicated SSD; find what else writes to the device",
    zh: "将 WAL 放在独立 SSD 上；查明还有什么在写该设备",
  },
  CERT_EXPIRED: {
    en: "renew certificates automatically, and alert 30 days ahead",
    zh: "自动续期证书，并提前 30 天告警",
  },
  QUOTA_EXCEEDED: {
    en: "find what grows (large objects, events, leases), set auto-compaction, defragment one member at a time",
    zh: "查明增长来源（大对象、事件、租约），开启自动压缩，并逐个成员整理碎片",
  },
  PARTITION: {
    en: "find what parted the voters (switch, firewall, routes) and whether they share one point of failure",
    zh: "查明投票成员被隔离的原因（交换机、防火墙、路由），以及是否共用单点",
  },
  PEER_LINK_DOWN: {
    en: "check the path of the peer port 2380 in both directions (firewall, routes, MTU)",
    zh: "检查 peer 端口 2380 双向路径（防火墙、路由、MTU）",
  },
  NODE_UNREACHABLE: {
    en: "find why the machine was not reached (power, kernel, network) in its console and logs",
    zh: "通过控制台与日志查明机器不可达的原因（电源、内核、网络）",
  },
};

export function listFollowUps(incident: Incident): readonly Text[] {
  if (incident.kind === "maintenance") {
    return [{ en: "none: it was a restart", zh: "无：这是一次重启维护" }];
  }
  const codes = [...new Set(incident.rootCauses.map(({ code }) => code))];
  const byCause = codes.map(
    (code): Text =>
      BY_CODE[code] ?? {
        en: `see to the cause: etcdscope runbook ${code}`,
        zh: `处理根本原因：etcdscope runbook ${code}`,
      },
  );
  const general: Text[] = [];
  if (incident.changesBefore.length > 0) {
    general.push({
      en: "check whether one of the changes of the day before brought it about",
      zh: "确认前一天的变更是否导致了此事件",
    });
  }
  if (incident.impact.noWritesMs > 0) {
    general.push({
      en: "writes stopped: check what the API servers and their clients lost, and whether the voters share a point of failure",
      zh: "写入曾中断：检查 API server 及其客户端的损失，以及投票成员是否共用单点",
    });
  }
  if (incident.impact.unseen.length > 0) {
    general.push({
      en: "etcdscope itself did not see all of it: find why agents or the collector were away",
      zh: "etcdscope 自身未能看到全部过程：查明代理或采集器离线的原因",
    });
  }
  return [...byCause, ...general];
}

/** What a finding's code would mean if it were the cause, for the list of what it is not. */
import type { Text } from "../../shared/text.ts";

const CAUSES: Readonly<Record<string, Text>> = {
  ASYMMETRIC_LINK: { en: "one-way link", zh: "单向链路" },
  CERT_EXPIRED: { en: "expired certificate", zh: "证书过期" },
  CERT_KEY_MISMATCH: { en: "key of another certificate", zh: "私钥与证书不符" },
  CERT_SAN_MISMATCH: { en: "certificate for another address", zh: "证书与地址不符" },
  CERT_UNREADABLE: { en: "unreadable certificate", zh: "证书不可读" },
  CERT_UNTRUSTED: { en: "untrusted certificate", zh: "证书不受信任" },
  CLUSTER_ID_MISMATCH: { en: "member of another cluster", zh: "属于另一个集群" },
  CPU_STARVED: { en: "too little CPU", zh: "CPU 不足" },
  CRASH_LOOP: { en: "crash after crash", zh: "反复崩溃" },
  DISK_CONTENDED: { en: "disk used by others", zh: "磁盘争用" },
  DISK_FULL: { en: "full disk", zh: "磁盘已满" },
  DISK_SLOW: { en: "slow disk", zh: "磁盘缓慢" },
  DISK_STALLED: { en: "stalled disk", zh: "磁盘停滞" },
  DNS_FAILING: { en: "name resolution", zh: "域名解析失败" },
  FD_NEAR_LIMIT: { en: "too many open files", zh: "打开文件过多" },
  FS_READ_ONLY: { en: "read-only filesystem", zh: "文件系统只读" },
  INODES_EXHAUSTED: { en: "no inodes left", zh: "inode 耗尽" },
  MEMBER_DOWN: { en: "etcd down", zh: "etcd 已停止" },
  MEMBER_HUNG: { en: "etcd hung", zh: "etcd 挂起" },
  MEMBER_REMOVED: { en: "removed from the cluster", zh: "已被移出集群" },
  MEMORY_PRESSURE: { en: "too little memory", zh: "内存不足" },
  NODE_UNREACHABLE: { en: "node away", zh: "节点不可达" },
  NO_LEADER: { en: "no leader", zh: "无 leader" },
  OOM_KILLED: { en: "killed for memory", zh: "因内存被杀" },
  PACKET_LOSS: { en: "lost packets", zh: "丢包" },
  PARTITION: { en: "partition", zh: "网络分区" },
  PEER_LATENCY_HIGH: { en: "slow network", zh: "网络延迟高" },
  PEER_LINK_DOWN: { en: "broken peer link", zh: "对等链路中断" },
  PEER_PORT_BLOCKED: { en: "blocked peer port", zh: "对等端口被阻断" },
  PROCESS_STOPPED: { en: "stopped by a signal", zh: "被信号暂停" },
  QUORUM_LOST: { en: "no quorum", zh: "失去法定人数" },
  QUOTA_EXCEEDED: { en: "etcd's quota", zh: "超出 etcd 配额" },
  READS_HANG: { en: "hanging reads", zh: "读取挂起" },
  TIMEOUTS_UNSUITABLE: { en: "unsuitable timeouts", zh: "超时设置不当" },
};

export function nameCause(code: string): Text {
  const plain = code.toLowerCase().replaceAll("_", " ");
  return CAUSES[code] ?? { en: plain, zh: plain };
}

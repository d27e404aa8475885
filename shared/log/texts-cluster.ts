/** What the events between members and with clients mean, and what is safe to do next. */
import type { LogText } from "./texts.ts";

const OPENSSL = {
  en: "compare what is on disk with what is served: openssl x509 -noout -dates -issuer -ext subjectAltName -in FILE",
  zh: "比较磁盘上与实际提供的证书：openssl x509 -noout -dates -issuer -ext subjectAltName -in FILE",
};

export const CLUSTER_TEXTS: Readonly<Record<string, LogText>> = {
  CERT_EXPIRED: {
    title: { en: "a certificate has expired: new connections are refused", zh: "证书已过期：新连接被拒绝" },
    next: {
      en: "renew it (kubeadm certs renew, or your own PKI); the address in the line says whose it is; do not restart the members that still serve",
      zh: "续签证书（kubeadm certs renew 或自有 PKI）；行中的地址指明证书所属；不要重启仍在服务的成员",
    },
  },
  CERT_NOT_YET_VALID: {
    title: {
      en: "a certificate is not valid yet: a clock is wrong, or its dates are",
      zh: "证书尚未生效：时钟或证书日期有误",
    },
    next: {
      en: "compare the clocks of the nodes first (chronyc tracking)",
      zh: "先比较各节点时钟（chronyc tracking）",
    },
  },
  CERT_UNTRUSTED: {
    title: {
      en: "a certificate is not signed by the CA that the other side trusts",
      zh: "证书不是由对端信任的 CA 签发",
    },
    next: OPENSSL,
  },
  CERT_SAN_MISMATCH: {
    title: {
      en: "a certificate does not name the address that it is used with",
      zh: "证书未包含所使用的地址",
    },
    next: OPENSSL,
  },
  CERT_KEY_MISMATCH: {
    title: { en: "certificate and key do not belong together", zh: "证书与私钥不匹配" },
    next: { en: "put back the pair that was issued together", zh: "恢复同一次签发的证书与私钥" },
  },
  CERT_KEY_USAGE: {
    title: {
      en: "a certificate may not be used for this side of a connection",
      zh: "证书的扩展密钥用法不符",
    },
    next: {
      en: "issue it again with serverAuth and clientAuth (members need both)",
      zh: "重新签发并包含 serverAuth 与 clientAuth（成员两者都需要）",
    },
  },
  CERT_REJECTED: {
    title: {
      en: "the other side rejected a certificate; its own log says why",
      zh: "对端拒绝了证书，原因见对端日志",
    },
    next: { en: "read the log of the member that the address belongs to", zh: "查看该地址所属成员的日志" },
  },
  CLIENT_CERT_MISSING: {
    title: { en: "somebody connects without a client certificate", zh: "有连接未提供客户端证书" },
    next: {
      en: "the address in the line says who; a probe or a client without --cert",
      zh: "行中的地址指明来源：探测程序或未带 --cert 的客户端",
    },
  },
  TLS_PLAINTEXT: {
    title: { en: "somebody speaks plain text on a TLS port", zh: "有连接以明文访问 TLS 端口" },
    next: {
      en: "the address in the line says who; use https in its endpoints",
      zh: "行中的地址指明来源；其 endpoint 应使用 https",
    },
  },
  TLS_HANDSHAKE_TIMEOUT: {
    title: {
      en: "TLS handshakes do not end in time: a slow or hung peer",
      zh: "TLS 握手超时：对端缓慢或挂起",
    },
    next: {
      en: "look at the peer's CPU and disk before its certificates",
      zh: "先检查对端的 CPU 与磁盘，再检查证书",
    },
  },
  TLS_PROTOCOL_MISMATCH: {
    title: {
      en: "two sides have no TLS version or cipher in common",
      zh: "双方没有共同的 TLS 版本或密码套件",
    },
    next: {
      en: "compare --cipher-suites and --tls-min-version",
      zh: "比较 --cipher-suites 与 --tls-min-version",
    },
  },
  CLUSTER_ID_MISMATCH: {
    title: { en: "members of two different clusters talk to each other", zh: "不同集群的成员在互相通信" },
    next: {
      en: "compare cluster IDs (etcdctl endpoint status -w json); the member with the other one has a stale data directory or was bootstrapped alone; no client may write to it",
      zh: "比较 cluster_id（etcdctl endpoint status -w json）；不同者使用了旧数据目录或被单独初始化，勿让客户端向其写入",
    },
  },
  MEMBER_REMOVED: {
    title: {
      en: "a member was removed from the cluster and still runs or starts",
      zh: "已被移出集群的成员仍在运行或启动",
    },
    next: {
      en: "if it is to come back: member add, empty data directory, --initial-cluster-state=existing",
      zh: "如需恢复：member add，清空数据目录，以 --initial-cluster-state=existing 启动",
    },
  },
  MEMBERSHIP_MISMATCH: {
    title: {
      en: "--initial-cluster does not agree with the members of the cluster",
      zh: "--initial-cluster 与集群成员不一致",
    },
    next: { en: "compare it with etcdctl member list", zh: "与 etcdctl member list 对照" },
  },
  RECONFIG_REFUSED: {
    title: {
      en: "a change of membership was refused: too few members are well",
      zh: "成员变更被拒绝：健康成员不足",
    },
    next: { en: "bring the members back that are down, then try again", zh: "先恢复故障成员再重试" },
  },
  VERSION_SKEW: {
    title: { en: "members run versions that do not go together", zh: "成员版本不兼容" },
    next: { en: "compare the versions; upgrade one minor version at a time", zh: "比较版本；逐个小版本升级" },
  },
  QUORUM_LOST: {
    title: { en: "the leader lost its quorum and stepped down", zh: "leader 失去法定人数并退位" },
    next: {
      en: "bring back the members that it cannot reach; do not restart the ones that run",
      zh: "恢复其无法访问的成员；不要重启仍在运行的成员",
    },
  },
  NO_LEADER: {
    title: {
      en: "the cluster has no leader: neither writes nor consistent reads",
      zh: "集群没有 leader：无法写入及一致性读",
    },
    next: {
      en: "count the members that run and reach each other on their peer ports (2380 unless set otherwise)",
      zh: "统计正在运行且 peer 端口（默认 2380）互通的成员数",
    },
  },
  LEADER_ELECTION: {
    title: { en: "elections are held: the leader is not heard", zh: "正在选举：未收到 leader 心跳" },
    next: {
      en: "look at the leader's process and disk, and at the network between",
      zh: "检查 leader 的进程、磁盘及之间的网络",
    },
  },
  LEADER_LOST: {
    title: { en: "the leader was lost", zh: "失去 leader" },
    next: { en: "look at the log of the leader at that time", zh: "查看当时 leader 的日志" },
  },
  LEADER_CHANGED: {
    title: { en: "the leader changed", zh: "leader 变更" },
    next: { en: "nothing, when it was planned", zh: "若为计划内则无需处理" },
  },
  LEADER_FLAPPING: {
    title: { en: "the leader changes again and again", zh: "leader 频繁变更" },
    next: { en: "look for slow disks and late heartbeats", zh: "检查磁盘延迟与心跳超时" },
  },
  CLOCK_SKEW: {
    title: {
      en: "the clocks of two nodes differ (or a peer's connection is stalled)",
      zh: "两个节点时钟不一致（或连接停滞）",
    },
    next: { en: "compare chronyc tracking on the nodes", zh: "比较各节点的 chronyc tracking" },
  },
  DNS_FAILING: {
    title: { en: "names of members do not resolve", zh: "成员名称无法解析" },
    next: { en: "try getent hosts NAME on that node", zh: "在该节点上执行 getent hosts NAME" },
  },
  PEER_LINK_DOWN: {
    title: {
      en: "another member cannot be reached: it is down, or the network is",
      zh: "无法访问另一成员：其已停止或网络中断",
    },
    next: {
      en: "refused: look at that member; timeout: look at the network and firewall on its peer port (2380 unless set otherwise)",
      zh: "refused：检查该成员；timeout：检查网络与其 peer 端口（默认 2380）的防火墙",
    },
    nextAtPort: {
      en: "refused: look at that member; timeout: look at the network and firewall on port {port}",
      zh: "refused：检查该成员；timeout：检查网络与 {port} 端口防火墙",
    },
  },
  RAFT_MESSAGE_DROPPED: {
    title: {
      en: "messages to a member are dropped: the network does not take them",
      zh: "发往成员的消息被丢弃：网络拥塞或中断",
    },
    next: { en: "look at loss and bandwidth to that member", zh: "检查到该成员的丢包与带宽" },
  },
  MEMBER_UNHEALTHY: {
    title: { en: "a member does not answer a health check", zh: "成员健康检查失败" },
    next: { en: "read that member's own log", zh: "查看该成员自己的日志" },
  },
  HEARTBEATS_LATE: {
    title: {
      en: "the leader sends its heartbeats late: slow disk, starved CPU, or very large reads",
      zh: "leader 心跳发送延迟：磁盘慢、CPU 不足或大范围读取",
    },
    next: {
      en: "look for slow fdatasync lines and CPU throttling (cpu.stat) at that time",
      zh: "查看同一时间的 slow fdatasync 日志及 CPU 限流（cpu.stat）",
    },
  },
  SLOW_REQUESTS: {
    title: { en: "requests take long", zh: "请求耗时过长" },
    next: {
      en: "large responses (range over everything) or a slow disk: the lines say which",
      zh: "大范围读取或磁盘慢，具体见日志行",
    },
  },
  LARGE_RESPONSES: {
    title: { en: "answers of a megabyte and more hold up etcd", zh: "超过 1 MB 的应答拖慢 etcd" },
    next: {
      en: "find the client that lists everything, and let it use limit, pages or a watch",
      zh: "找出反复全量读取的客户端，改用 limit、分页或 watch",
    },
  },
  SNAPSHOT_SLOW: {
    title: { en: "a snapshot is slow to send", zh: "快照发送缓慢" },
    next: {
      en: "look at the disk, and at the network to the member or backup that reads it",
      zh: "检查磁盘以及到读取它的成员或备份的网络",
    },
  },
  REQUEST_OVERLOAD: {
    title: { en: "etcd refuses requests: too many are waiting", zh: "请求过多被拒绝" },
    next: { en: "find the client that sends them; look at the disk", zh: "查找请求来源，并检查磁盘" },
  },
  REQUEST_TOO_LARGE: {
    title: { en: "a request is larger than etcd takes", zh: "请求超过大小限制" },
    next: {
      en: "find the object; the limit is --max-request-bytes",
      zh: "查找该对象；限制为 --max-request-bytes",
    },
  },
  REQUEST_TIMEOUT: {
    title: { en: "requests time out", zh: "请求超时" },
    next: { en: "a symptom: look for what stands above it", zh: "这是症状：请查看排在前面的原因" },
  },
};

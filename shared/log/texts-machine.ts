/** What the events of disk, data, start and process mean, and what is safe to do next. */
import type { LogText } from "./texts.ts";

const RESTORE_ONE = {
  en: "if the other members serve: keep the data directory aside, remove this member, add it again and let it copy the data; else restore a snapshot",
  zh: "若其他成员正常：先保留数据目录副本，移除该成员后重新加入，由其同步数据；否则从快照恢复",
};

export const MACHINE_TEXTS: Readonly<Record<string, LogText>> = {
  DISK_FULL: {
    title: { en: "the disk of etcd's data is full", zh: "etcd 数据所在磁盘已满" },
    next: {
      en: "free space on that file system (df -h, then du -x), then start etcd; delete nothing below the data directory",
      zh: "在该文件系统上释放空间（df -h，再 du -x），然后启动 etcd；不要删除数据目录内的任何文件",
    },
  },
  FS_READ_ONLY: {
    title: { en: "the file system of etcd's data is read-only", zh: "etcd 数据所在文件系统只读" },
    next: {
      en: "look in the kernel log why it was remounted (dmesg), replace the disk if it fails",
      zh: "查看内核日志（dmesg）确认被改为只读的原因，磁盘故障则更换",
    },
  },
  DISK_IO_ERROR: {
    title: { en: "the disk of etcd's data returns errors", zh: "etcd 数据所在磁盘返回 I/O 错误" },
    next: {
      en: "look in the kernel log and at the disk's health (dmesg, smartctl), move the member to another disk",
      zh: "查看内核日志与磁盘健康状态（dmesg、smartctl），将该成员迁移到其他磁盘",
    },
  },
  DISK_SLOW: {
    title: { en: "writes to the WAL's disk take a second and more", zh: "WAL 磁盘写入耗时超过 1 秒" },
    next: {
      en: "look who else writes to that disk (iostat -x, pidstat -d), give etcd a disk of its own",
      zh: "查看是否有其他进程写该磁盘（iostat -x、pidstat -d），为 etcd 使用独立磁盘",
    },
  },
  WAL_CRC_MISMATCH: {
    title: { en: "the WAL is damaged (checksum mismatch)", zh: "WAL 损坏（校验和不匹配）" },
    next: RESTORE_ONE,
  },
  START_WAL_CORRUPT: { title: { en: "the WAL cannot be read", zh: "WAL 无法读取" }, next: RESTORE_ONE },
  START_SNAP_CORRUPT: {
    title: { en: "the raft snapshot is damaged", zh: "raft 快照损坏" },
    next: RESTORE_ONE,
  },
  SNAP_DB_MISSING: {
    title: {
      en: "the database does not belong to the raft snapshot, or is gone",
      zh: "数据库与 raft 快照不一致或已丢失",
    },
    next: RESTORE_ONE,
  },
  START_DB_CORRUPT: {
    title: { en: "the database file is damaged", zh: "数据库文件损坏" },
    next: RESTORE_ONE,
  },
  RAFT_LOG_LOST: {
    title: {
      en: "this member lost entries that it had confirmed (data directory wiped, or an old copy put back)",
      zh: "该成员丢失了已确认的日志条目（数据目录被清空或恢复了旧副本）",
    },
    next: RESTORE_ONE,
  },
  DATA_CORRUPT: {
    title: { en: "members hold different data at the same revision", zh: "成员在同一版本号上的数据不一致" },
    next: {
      en: "compare `etcdctl endpoint hashkv --cluster`; replace the member that the majority disagrees with; do not disarm the alarm before",
      zh: "比较 `etcdctl endpoint hashkv --cluster`，替换与多数不一致的成员；在此之前不要解除告警",
    },
  },
  QUOTA_EXCEEDED: {
    title: {
      en: "the database has reached its quota: writes are refused",
      zh: "数据库达到配额上限：拒绝写入",
    },
    next: {
      en: "compact, then defragment one member at a time, the leader last, then disarm the alarm",
      zh: "先压缩，再逐个成员整理碎片（leader 最后），最后解除告警",
    },
  },
  COMPACTION_FAILING: {
    title: { en: "automatic compaction fails", zh: "自动压缩失败" },
    next: {
      en: "look at the reason in the line; the database grows until it works",
      zh: "查看该行中的原因；恢复之前数据库会持续增长",
    },
  },
  PURGE_FAILED: {
    title: { en: "old WAL or snapshot files cannot be removed", zh: "旧的 WAL 或快照文件无法清理" },
    next: {
      en: "look at owner, mode and free space of the data directory",
      zh: "检查数据目录的属主、权限与剩余空间",
    },
  },
  START_ALREADY_BOOTSTRAPPED: {
    title: {
      en: "a member with an empty data directory tries to join as new, but the cluster knows it already",
      zh: "数据目录为空的成员试图以新成员启动，但集群中已有该成员",
    },
    next: {
      en: "remove the member from the cluster, add it again, and start it with --initial-cluster-state=existing",
      zh: "从集群移除该成员并重新添加，再以 --initial-cluster-state=existing 启动",
    },
  },
  START_PORT_IN_USE: {
    title: { en: "another process holds etcd's port", zh: "etcd 的端口被其他进程占用" },
    next: {
      en: "find it: ss -ltnp 'sport = :2379 or sport = :2380'",
      zh: "查找占用者：ss -ltnp 'sport = :2379 or sport = :2380'",
    },
    nextAtPort: {
      en: "find it: ss -ltnp 'sport = :{port}'",
      zh: "查找占用者：ss -ltnp 'sport = :{port}'",
    },
  },
  START_BIND_ADDRESS: {
    title: {
      en: "etcd is to listen on an address that this machine does not have",
      zh: "etcd 要监听的地址不在本机上",
    },
    next: {
      en: "compare --listen-peer-urls and --listen-client-urls with `ip address`",
      zh: "对照 `ip address` 检查 --listen-peer-urls 与 --listen-client-urls",
    },
  },
  START_DATA_DIR_LOCKED: {
    title: { en: "another etcd already uses the data directory", zh: "数据目录已被另一个 etcd 使用" },
    next: {
      en: "find it (fuser -v on member/snap/db); never run two on one directory",
      zh: "用 fuser -v 查看 member/snap/db 的占用者；不要让两个 etcd 使用同一目录",
    },
  },
  START_DATA_DIR_PERMISSION: {
    title: { en: "etcd may not use its data directory", zh: "etcd 无权访问其数据目录" },
    next: {
      en: "compare owner and mode (0700) of the directory with the user that etcd runs as",
      zh: "检查目录属主与权限（0700）是否与运行 etcd 的用户一致",
    },
  },
  START_CERT_UNREADABLE: {
    title: {
      en: "a certificate or key file is missing or cannot be read",
      zh: "证书或私钥文件缺失或无法读取",
    },
    next: {
      en: "look at the path in the line: there, readable by etcd's user, PEM?",
      zh: "检查该行中的路径：文件是否存在、可读、为 PEM 格式",
    },
  },
  START_CONFIG_INVALID: {
    title: { en: "etcd's flags or configuration are wrong", zh: "etcd 启动参数或配置有误" },
    next: {
      en: "correct what the line names; compare with a member that runs",
      zh: "修正该行指出的参数；与正常运行的成员对比",
    },
  },
  START_CLUSTER_UNREACHABLE: {
    title: { en: "a joining member reaches none of the others", zh: "加入的成员无法访问任何其他成员" },
    next: {
      en: "try the peer URLs of --initial-cluster from this node",
      zh: "在该节点上测试 --initial-cluster 中的 peer URL",
    },
  },
  DOWNGRADE_BLOCKED: {
    title: { en: "this etcd is older than the cluster allows", zh: "该 etcd 版本低于集群版本" },
    next: { en: "start the version that ran before", zh: "使用之前的版本启动" },
  },
  TOO_MANY_LEARNERS: {
    title: {
      en: "the membership counts promoted members as learners again (after an upgrade to 3.6)",
      zh: "升级到 3.6 后成员被重新识别为 learner",
    },
    next: {
      en: "go back to the version before, upgrade to 3.5.20 or newer first",
      zh: "回退到之前版本，先升级到 3.5.20 或更高",
    },
  },
  START_FAILED: {
    title: { en: "etcd could not start", zh: "etcd 启动失败" },
    next: { en: "the reason is in the field error of the line", zh: "原因见该行的 error 字段" },
  },
  ETCD_PANIC: {
    title: { en: "etcd ended itself on an internal error", zh: "etcd 因内部错误退出" },
    next: {
      en: "read the lines before it; keep them with the stack trace",
      zh: "查看之前的日志，并保留堆栈信息",
    },
  },
  OOM_KILLED: {
    title: { en: "the kernel killed etcd for want of memory", zh: "etcd 因内存不足被内核终止" },
    next: {
      en: "compare its memory limit with its database and its watchers",
      zh: "检查内存限制与数据库大小、watch 数量是否匹配",
    },
  },
  CRASH_LOOP: {
    title: { en: "etcd is started again and again", zh: "etcd 反复重启" },
    next: { en: "the last lines before each end say why", zh: "每次退出前的最后几行日志说明原因" },
  },
  PROCESS_EXITED: {
    title: { en: "the etcd process ended with a failure", zh: "etcd 进程异常退出" },
    next: { en: "the last lines of etcd before it say why", zh: "etcd 退出前的最后几行日志说明原因" },
  },
  FD_NEAR_LIMIT: {
    title: { en: "etcd has no file descriptors left", zh: "etcd 文件描述符耗尽" },
    next: {
      en: "raise LimitNOFILE; look who holds so many connections (ss -tnp)",
      zh: "提高 LimitNOFILE；用 ss -tnp 查看连接来源",
    },
  },
  MEMBER_DOWN: {
    title: { en: "nobody listens on etcd's client port", zh: "etcd 客户端端口无人监听" },
    next: {
      en: "look at the etcd process and its own log on that node",
      zh: "检查该节点上的 etcd 进程及其日志",
    },
  },
};

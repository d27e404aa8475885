/** START_DB_CORRUPT: etcd cannot open its database file, or it does not belong to the raft snapshot. */
import { createStartRule, sayPaths } from "../start-rule.ts";

export const startDbCorrupt = createStartRule({
  code: "START_DB_CORRUPT",
  runbook: "start-db-corrupt",
  says: ["START_DB_CORRUPT", "SNAP_DB_MISSING"],
  what: { en: "its database file is damaged", zh: "其数据库文件已损坏" },
  detail: {
    en: "Keep a copy of the data directory. If the others serve, remove this member and add it again; else restore a snapshot. Look at the disk before it gets data again",
    zh: "请先保留数据目录副本。若其他成员正常，移除该成员后重新加入；否则从快照恢复。重新写入数据前先检查磁盘",
  },
  findObstacles: (start) => sayPaths(start, /^db$/, ["damaged"]),
});

/** START_WAL_CORRUPT: etcd cannot read its WAL or raft snapshot, or its log has lost what it had confirmed. */
import { createStartRule } from "../start-rule.ts";

export const startWalCorrupt = createStartRule({
  code: "START_WAL_CORRUPT",
  runbook: "start-wal-corrupt",
  says: ["START_WAL_CORRUPT", "WAL_CRC_MISMATCH", "START_SNAP_CORRUPT", "RAFT_LOG_LOST"],
  what: { en: "its WAL is damaged", zh: "其 WAL 已损坏" },
  detail: {
    en: "Keep a copy of the data directory. If the others serve, remove this member and add it again: it copies everything from them. Delete no single WAL files",
    zh: "请先保留数据目录副本。若其他成员正常，移除该成员后重新加入，由其同步全部数据。不要逐个删除 WAL 文件",
  },
});

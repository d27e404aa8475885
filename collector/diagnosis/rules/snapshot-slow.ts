/** SNAPSHOT_SLOW: sending a snapshot to a member or a backup takes far longer than its size explains. */
import { createSayingRule } from "../saying-rule.ts";

export const snapshotSlow = createSayingRule({
  code: "SNAPSHOT_SLOW",
  runbook: "snapshot-slow",
  says: ["SNAPSHOT_SLOW"],
  windowMs: 5 * 60_000,
  what: { en: "A snapshot is slow to send", zh: "快照发送缓慢" },
  detail: {
    en: "A member that catches up, or a backup, waits for it, and pages of the database stay in use meanwhile. Look at the disk and at the network to whoever reads it",
    zh: "正在追赶的成员或备份在等待它，其间数据库页面无法释放。请检查磁盘以及到读取方的网络",
  },
});

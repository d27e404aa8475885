/** COMPACTION_FAILING: etcd's automatic compaction fails, so the database grows until its quota. */
import { createSayingRule } from "../saying-rule.ts";

export const compactionFailing = createSayingRule({
  code: "COMPACTION_FAILING",
  runbook: "compaction-failing",
  says: ["COMPACTION_FAILING"],
  // It tries every five minutes, and with longer retention every hour.
  windowMs: 20 * 60_000,
  what: { en: "Automatic compaction fails", zh: "自动压缩失败" },
  detail: {
    en: "Old revisions are kept until it works again, and the database grows. The line says why; without a leader or with a slow disk it fails as everything else does",
    zh: "在恢复之前旧版本不会清理，数据库持续增长。日志行说明原因；没有 leader 或磁盘缓慢时它会与其他请求一起失败",
  },
});

/** START_DATA_DIR_LOCKED: another etcd uses the same data directory. */
import { createStartRule } from "../start-rule.ts";

export const startDataDirLocked = createStartRule({
  code: "START_DATA_DIR_LOCKED",
  runbook: "start-data-dir-locked",
  says: ["START_DATA_DIR_LOCKED"],
  what: { en: "another etcd uses its data directory", zh: "数据目录已被另一个 etcd 使用" },
  detail: {
    en: "Find it (pgrep -a etcd) and end the one that should not run; two on one directory destroy it",
    zh: "用 pgrep -a etcd 查找它，结束不应运行的那个；两个 etcd 共用目录会破坏数据",
  },
});

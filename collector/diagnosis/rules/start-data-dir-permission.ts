/** START_DATA_DIR_PERMISSION: etcd's user may not use its data directory, as after a restore or a copy by root. */
import { createStartRule, sayPaths } from "../start-rule.ts";

export const startDataDirPermission = createStartRule({
  code: "START_DATA_DIR_PERMISSION",
  runbook: "start-data-dir-permission",
  says: ["START_DATA_DIR_PERMISSION"],
  what: { en: "etcd may not use its data directory", zh: "etcd 无权使用其数据目录" },
  detail: {
    en: "Give the directory back to the user that etcd runs as (chown -R, mode 0700); do not make it readable for everybody",
    zh: "将目录属主改回 etcd 的运行用户（chown -R，权限 0700）；不要对所有人开放",
  },
  findObstacles: (start) => sayPaths(start, /^(?:data-dir|member|wal|db)$/, ["denied"]),
});

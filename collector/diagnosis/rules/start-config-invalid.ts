/** START_CONFIG_INVALID: etcd does not accept its flags or configuration file. */
import { createStartRule, sayPaths } from "../start-rule.ts";

export const startConfigInvalid = createStartRule({
  code: "START_CONFIG_INVALID",
  runbook: "start-config-invalid",
  says: ["START_CONFIG_INVALID", "START_BIND_ADDRESS"],
  what: { en: "its flags or configuration are wrong", zh: "启动参数或配置有误" },
  detail: {
    en: "Correct what the log names; compare with a member that runs. A flag that a new version has dropped is the usual reason after an upgrade",
    zh: "改正日志指出的内容，并与正常成员对比。升级之后常见原因是新版本已去掉某个参数",
  },
  findObstacles: (start) => sayPaths(start, /^config-file$/, ["missing", "denied", "not_file"]),
});

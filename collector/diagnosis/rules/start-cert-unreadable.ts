/** START_CERT_UNREADABLE: a certificate, key or file of authorities that etcd needs to start is not there, or not its to read. */
import { createStartRule, sayPaths } from "../start-rule.ts";

export const startCertUnreadable = createStartRule({
  code: "START_CERT_UNREADABLE",
  runbook: "start-cert-unreadable",
  says: ["START_CERT_UNREADABLE"],
  what: {
    en: "a certificate or key file is missing or cannot be read",
    zh: "证书或私钥文件缺失或无法读取",
  },
  detail: {
    en: "Put the file back, or correct the path in the flags; the key belongs to etcd's user, mode 0600",
    zh: "恢复该文件，或改正参数中的路径；私钥应属于 etcd 的运行用户，权限 0600",
  },
  findObstacles: (start) => sayPaths(start, /(?:cert|key|ca)-file$/, ["missing", "denied", "not_file"]),
});

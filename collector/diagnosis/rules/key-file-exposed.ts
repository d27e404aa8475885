/** KEY_FILE_EXPOSED: a private key may be read by more than its owner. */
import { createCertificateRule } from "../certificate-rule.ts";

export const keyFileExposed = createCertificateRule({
  code: "KEY_FILE_EXPOSED",
  runbook: "key-file-exposed",
  isFault: false,
  severity: "warning",
  source: "key file",
  title: (node, roles) => ({
    en: `A private key on ${node} may be read by others: ${roles}`,
    zh: `${node} 上的私钥可被他人读取：${roles}`,
  }),
  advice: {
    en: "Whoever reads it can read and change all that the cluster holds. chmod 600 it (etcd needs it as the user that it runs as), and issue a new one if others had access",
    zh: "拿到它的人可以读取和修改集群中的全部数据。请 chmod 600（etcd 运行用户需可读）；若他人曾能访问，请重新签发",
  },
  check: ({ keyPath, keyMode }) => {
    if (keyPath === "") {
      return { kind: "skipped" };
    }
    const mode = keyMode.toString(8).padStart(4, "0");
    if (keyMode === 0) {
      const reason = { en: `the mode of ${keyPath} is not known`, zh: `不知道 ${keyPath} 的权限` };
      return { kind: "unknown", reason };
    }
    const text = { en: `${keyPath} has mode ${mode}`, zh: `${keyPath} 权限为 ${mode}` };
    if ((keyMode & 0o077) === 0) {
      return { kind: "ok" };
    }
    // A group of its own is how some share a key with etcd's user.
    return { kind: "bad", text, severity: (keyMode & 0o007) === 0 ? "info" : "warning" };
  },
});

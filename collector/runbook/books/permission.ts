/** Files that etcd may not read, or that others may: the data directory, certificates and keys. */
import { sh, lines, blank } from "../shell.ts";
import type { Site } from "../site.ts";
import type { Book, Step } from "../step.ts";
import { say } from "../step.ts";
import { look, lookAtCluster, lookAtLog } from "../steps/look.ts";
import { startEtcd } from "../steps/service.ts";

const OWNER = blank(
  "ETCD_USER",
  say(
    "the user that etcd runs as, as USER:GROUP (root:root in a static pod)",
    "etcd 的运行用户，写作 USER:GROUP（静态 Pod 为 root:root）",
  ),
);

export const permission: Book = {
  name: "permission",
  codes: ["START_DATA_DIR_PERMISSION", "START_CERT_UNREADABLE", "CERT_UNREADABLE", "KEY_FILE_EXPOSED"],
  summary: ({ subject, code }) =>
    code === "KEY_FILE_EXPOSED"
      ? say(
          `A private key on ${subject.node} can be read by others than its owner: who has it can be etcd`,
          `${subject.node} 上的私钥可被其他用户读取：得到它就能冒充 etcd`,
        )
      : say(
          `etcd on ${subject.node} may not read what it needs: after a restore or a copy the owner is often root`,
          `${subject.node} 上的 etcd 无权读取所需文件：恢复或复制之后属主常变为 root`,
        ),
  doNot: () => [
    say("use chmod 777 or 644 on keys", "对私钥使用 chmod 777 或 644"),
    say("change owners below any other directory than these", "更改这些目录以外的属主"),
  ],
  steps: (site) => [
    lookAtOwners(site),
    lookAtLog(site.subject),
    ...(site.code === "START_DATA_DIR_PERMISSION" ? [fixDataDir(site)] : [fixKeys(site)]),
    ...(site.code === "KEY_FILE_EXPOSED"
      ? [renewKeys(site)]
      : [startEtcd(site.subject), lookAtCluster(site)]),
  ],
};

function lookAtOwners({ subject }: Site): Step {
  return look(
    say("See owners and modes, and who etcd runs as", "查看属主和权限，以及 etcd 的运行用户"),
    say(
      "Compare with a member that works: keep its list to put things back",
      "与正常成员比较；保留输出以便恢复",
    ),
    {
      on: subject,
      command: lines(
        sh`ls -ld ${subject.dataDir} ${subject.dataDir}/member`,
        ...[subject.tls, subject.peerTls].map((tls) =>
          tls === undefined ? undefined : sh`ls -l ${tls.ca} ${tls.cert} ${tls.key}`,
        ),
      ),
    },
  );
}

function fixDataDir({ subject }: Site): Step {
  return {
    title: say("Give the data directory back to etcd's user", "将数据目录的属主改回 etcd 用户"),
    detail: say("Only this directory, and mode 0700", "只改此目录，权限 0700"),
    risk: "safe",
    on: subject,
    command: lines(sh`chown -R ${OWNER} ${subject.dataDir}`, sh`chmod 700 ${subject.dataDir}`),
    verify: say("ls -ld shows that user and drwx------", "ls -ld 显示该用户和 drwx------"),
    undo: say("chown back to what the first step showed", "按第一步的输出改回"),
  };
}

function fixKeys({ subject }: Site): Step {
  const keys = [subject.tls, subject.peerTls].map((tls) =>
    tls === undefined
      ? undefined
      : lines(sh`chown ${OWNER} ${tls.cert} ${tls.key}`, sh`chmod 600 ${tls.key}`, sh`chmod 644 ${tls.cert}`),
  );
  return {
    title: say("Let etcd's user alone read the keys", "只允许 etcd 用户读取私钥"),
    detail: say(
      "etcd reads them anew at each handshake: no restart is needed for that",
      "etcd 每次握手都会重新读取：无需为此重启",
    ),
    risk: "safe",
    on: subject,
    command: lines(...keys),
    verify: say("ls -l shows -rw------- for keys", "ls -l 显示私钥为 -rw-------"),
    undo: say("chown and chmod back to what the first step showed", "按第一步的输出改回"),
  };
}

function renewKeys({ subject }: Site): Step {
  return {
    title: say(
      "Issue new certificates with new keys: the old ones must be taken as known",
      "用新私钥重新签发证书：旧私钥应视为已泄露",
    ),
    detail: say("As runbook CERT_EXPIRING does, one member at a time", "按 CERT_EXPIRING 的手册逐个成员进行"),
    risk: "safe",
    on: subject,
    verify: say("openssl x509 shows another serial number", "openssl x509 显示新的序列号"),
    undo: say("put the old files back", "恢复旧文件"),
  };
}

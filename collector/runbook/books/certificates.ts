/** CERT_EXPIRED, CERT_EXPIRING, CERT_NOT_RELOADED and the ones that do not fit: issue anew from the same authority, member by member. */
import { BACKUP_DIR } from "../commands.ts";
import { lines, sh } from "../shell.ts";
import type { Site, SiteMember, TlsWords } from "../site.ts";
import type { Book, Step } from "../step.ts";
import { say } from "../step.ts";
import { look, lookAtCluster, lookAtLog } from "../steps/look.ts";
import { restartEtcd, startEtcd } from "../steps/service.ts";

export const certificates: Book = {
  name: "certificates",
  codes: [
    "CERT_EXPIRED",
    "CERT_EXPIRING",
    "CERT_NOT_RELOADED",
    "CERT_UNTRUSTED",
    "CERT_SAN_MISMATCH",
    "CERT_KEY_MISMATCH",
  ],
  summary: (site) => SUMMARIES[site.code]?.(site.subject.node) ?? sayMisfit(site.subject.node),
  doNot: () => [
    say(
      "restart a member whose certificate is expired: what is connected lives on, a restart ends it",
      "重启证书已过期的成员：现有连接仍有效，重启后即中断",
    ),
    say(
      "renew the authority together with the leaves: every member would trust a different one",
      "同时更换 CA 和叶子证书：各成员会信任不同的 CA",
    ),
    say("switch off client certificate checks", "关闭客户端证书校验"),
  ],
  steps: (site) => [
    lookAtDates(site.subject),
    lookAtServed(site.subject),
    keepOldFiles(site.subject),
    issue(site),
    look(
      say("Check that the new files fit", "检查新文件是否匹配"),
      say(
        "OK from verify, the member's addresses among the names, and the same key twice",
        "verify 输出 OK，名称中包含成员地址，且两次公钥相同",
      ),
      {
        on: site.subject,
        command: lines(...eachTls(site.subject).map(checkPair)),
      },
    ),
    ...(site.code === "CERT_NOT_RELOADED" ? [restartEtcd(site, site.subject)] : []),
    ...(site.subject.state === "down" ? [startEtcd(site.subject)] : []),
    lookAtLog(site.subject),
    lookAtCluster(site),
  ],
};

const SUMMARIES: Readonly<Record<string, (node: string) => ReturnType<typeof say>>> = {
  CERT_EXPIRED: (node) =>
    say(
      `A certificate on ${node} is past its end. etcd reads certificate files at each handshake: a new file is enough, connections that stand are not cut`,
      `${node} 上的证书已过期。etcd 每次握手都读取证书文件：换上新文件即可，现有连接不会中断`,
    ),
  CERT_EXPIRING: (node) =>
    say(
      `A certificate on ${node} ends soon. Renewed in time nothing stops: etcd reads the file at each handshake`,
      `${node} 上的证书即将过期。及时更新不会造成中断：etcd 每次握手都读取文件`,
    ),
  CERT_NOT_RELOADED: (node) =>
    say(
      `etcd on ${node} still uses what it read at its start: the authority's file is not read again, so this needs a restart`,
      `${node} 上的 etcd 仍使用启动时读取的内容：CA 文件不会重新读取，因此需要重启`,
    ),
};

function sayMisfit(node: string): ReturnType<typeof say> {
  return say(
    `A certificate on ${node} does not fit: another authority, other addresses or another key. New connections are refused, and the member falls out at its next restart`,
    `${node} 上的证书不匹配：CA、地址或私钥不符。新连接会被拒绝，成员下次重启后将脱离集群`,
  );
}

function eachTls(member: SiteMember): readonly TlsWords[] {
  return [member.tls, member.peerTls].filter((tls) => tls !== undefined);
}

function lookAtDates(member: SiteMember): Step {
  return look(
    say(`See dates, issuer and names on ${member.node}`, `查看 ${member.node} 上证书的日期、签发者和名称`),
    say(
      "notAfter in UTC; the names must hold every address in the member's URLs",
      "notAfter 为 UTC；名称必须包含成员 URL 中的每个地址",
    ),
    {
      on: member,
      command: lines(
        ...eachTls(member).map(
          ({ cert }) => sh`openssl x509 -noout -subject -issuer -dates -ext subjectAltName -in ${cert}`,
        ),
      ),
    },
  );
}

function lookAtServed(member: SiteMember): Step {
  return look(
    say("See what is really served", "查看实际提供的证书"),
    say(
      "It differs from the file when something in between, or an old process, answers",
      "与文件不同说明应答的是中间设备或旧进程",
    ),
    {
      on: member,
      command: lines(
        ...eachTls(member).map(({ cert, key }, index) => {
          const url = index === 0 && member.tls !== undefined ? member.clientUrl : member.peerUrl;
          return sh`curl -sSvk -m 5 --cert ${cert} --key ${key} ${url}/version 2>&1 | grep -E 'expire|start date|issuer|subject'`;
        }),
      ),
    },
  );
}

function keepOldFiles(member: SiteMember): Step {
  const words = eachTls(member).flatMap(({ ca, cert, key }) => [ca, cert, key]);
  return {
    title: say("Keep the old files", "保留旧文件"),
    detail: say("Also expired ones: they are the way back", "过期的也保留：这是退路"),
    risk: "safe",
    on: member,
    command:
      words.length === 0
        ? undefined
        : sh`cp -a --parents ${words.map((word) => sh`${word}`).reduce((list, one) => sh`${list} ${one}`)} ${BACKUP_DIR}/`,
    verify: say("the copies are there", "副本已存在"),
    undo: say("nothing to undo", "无需撤销"),
    isBackup: true,
  };
}

function issue({ subject, code }: Site): Step {
  const isPod = subject.supervisor.kind === "static-pod";
  return {
    title: isPod
      ? say("Renew with kubeadm", "用 kubeadm 更新")
      : say("Issue new ones from the same authority, with the same names", "由同一 CA 签发，名称相同"),
    detail: isPod
      ? say(
          "It signs with the authority in /etc/kubernetes/pki/etcd. apiserver-etcd-client is the API server's own: it needs the API server's restart",
          "使用 /etc/kubernetes/pki/etcd 中的 CA 签发。apiserver-etcd-client 属于 API Server：更新后需重启 API Server",
        )
      : say(
          "Both server and client use for peers; every address and name of the member's URLs; put certificate and key in place together",
          "对等证书须同时允许服务端和客户端用途；包含成员 URL 的所有地址和名称；证书与私钥一起替换",
        ),
    risk: "safe",
    on: subject,
    command: isPod
      ? sh`for name in etcd-server etcd-peer etcd-healthcheck-client apiserver-etcd-client; do
  kubeadm certs renew "$name"
done`
      : undefined,
    verify: say(
      code === "CERT_EXPIRED" ? 'etcd\'s log has no more "certificate has expired"' : "the new dates show",
      code === "CERT_EXPIRED" ? 'etcd 日志不再出现 "certificate has expired"' : "显示新的日期",
    ),
    undo: say("put the kept files back", "恢复保留的文件"),
  };
}

function checkPair({ ca, cert, key }: TlsWords) {
  return lines(
    sh`openssl verify -CAfile ${ca} ${cert}`,
    sh`openssl x509 -noout -pubkey -in ${cert} | sha256sum`,
    sh`openssl pkey -pubout -in ${key} | sha256sum`,
  );
}

/** Restore of the whole cluster from a snapshot: everything since then is lost. Asked for by name, or by QUORUM_LOST at its end. */
import { BACKUP_DIR, snapshotCommand } from "../commands.ts";
import { allStopped, bothHold, byHand, quorumIsLost } from "../conditions.ts";
import { blank, lines, NEXT_LINE, NOTHING, sh } from "../shell.ts";
import type { Shell } from "../shell.ts";
import type { Site, SiteMember } from "../site.ts";
import type { Book, Step } from "../step.ts";
import { say } from "../step.ts";
import { copyDataDir, setDataDirAside } from "../steps/backup.ts";
import { look, lookAtCluster } from "../steps/look.ts";
import { inTurn, startEtcd, stopEtcd } from "../steps/service.ts";
import { canBumpRevision } from "../version.ts";

const SNAPSHOT = blank("SNAPSHOT", say("the snapshot file to restore from", "用于恢复的快照文件"));
const TOKEN = blank(
  "NEW_TOKEN",
  say(
    "a token that no cluster here has used, the same on every member, for example CLUSTER-restored-DATE",
    "从未用过的集群 token，各成员相同，例如 集群名-restored-日期",
  ),
);
/** Far more than any cluster writes between two backups. */
const REVISION_BUMP = 1_000_000_000;

export const restore: Book = {
  name: "restore",
  codes: ["RESTORE"],
  summary: () =>
    say(
      "The whole cluster starts anew from one snapshot, the same file on every member. All that was written after it is lost",
      "整个集群从同一个快照重新开始，各成员使用同一文件。快照之后的写入全部丢失",
    ),
  doNot: () => [
    say("restore while a majority can be brought back with its data", "在多数成员能带数据恢复时进行恢复"),
    say("restore members from different snapshots", "各成员使用不同的快照"),
    say(
      "use the old cluster token: members that were forgotten would join",
      "使用旧的集群 token：被遗忘的成员可能加入",
    ),
  ],
  steps: (site) => restoreSteps(site),
};

/** Also the last resort of QUORUM_LOST. */
export function restoreSteps(site: Site): readonly Step[] {
  const members = membersOf(site);
  return [
    checkSnapshot(site),
    {
      ...look(
        say(
          "Stop everything that writes to etcd: all API servers",
          "停止所有写入 etcd 的组件：全部 API Server",
        ),
        say(
          "On every control-plane node. They must not see the cluster half restored",
          "在每个控制平面节点上。不能让它们看到恢复到一半的集群",
        ),
        {
          command: sh`mv /etc/kubernetes/manifests/kube-apiserver.yaml /etc/kubernetes/kube-apiserver.yaml.stopped`,
        },
      ),
      risk: "disruptive",
      condition: quorumIsLost(site),
      verify: say("no API server process is left", "不再有 API Server 进程"),
      undo: say("move the manifest back", "将清单移回"),
    },
    ...members
      .map((member) => stopEtcd(site, member))
      .map((step) => ({
        ...step,
        condition: quorumIsLost(site),
      })),
    ...members.map(copyDataDir),
    ...members.map(setDataDirAside),
    ...members.map((member) => restoreMember(site, member)),
    ...members.map((member) =>
      startEtcd(member, byHand(say("every member is restored", "每个成员都已恢复"))),
    ),
    lookAtCluster(site),
    {
      title: say("Start the API servers", "启动 API Server"),
      detail: say(
        "Then restart the scheduler, the controller manager and the kubelets: they hold what is no longer true",
        "然后重启 scheduler、controller-manager 和 kubelet：它们保存的状态已经过时",
      ),
      risk: "disruptive",
      command: sh`mv /etc/kubernetes/kube-apiserver.yaml.stopped /etc/kubernetes/manifests/kube-apiserver.yaml`,
      condition: byHand(
        say("all members serve and the data is what you expect", "所有成员可用且数据符合预期"),
      ),
      verify: say("kubectl get nodes answers", "kubectl get nodes 有应答"),
      undo: say("stop them again; the old directories are still there", "再次停止；旧目录仍在"),
    },
  ];
}

function membersOf(site: Site): readonly SiteMember[] {
  return inTurn(site).filter(({ isVoter }) => isVoter);
}

function aside(member: SiteMember): Shell {
  return sh`${member.dataDir}.aside`;
}

function checkSnapshot(site: Site): Step {
  return look(
    say("Choose the newest good snapshot and check it", "选择最新的完好快照并检查"),
    say(
      "Status must show a revision and a hash; only restore checks the sha256. Where a data directory survives, its member/snap/db is newer than any backup: copy that, and restore it with --skip-hash-check",
      "status 必须显示 revision 和 hash；只有 restore 校验 sha256。若有数据目录幸存，其 member/snap/db 比任何备份都新：复制它，并以 --skip-hash-check 恢复",
    ),
    {
      command: lines(
        sh`ls -l ${BACKUP_DIR}`,
        sh`${snapshotCommand(site, site.via)} snapshot status ${SNAPSHOT} --write-out=table`,
      ),
    },
  );
}

function restoreMember(site: Site, member: SiteMember): Step {
  const wal = member.walDir === undefined ? NOTHING : sh`${NEXT_LINE}--wal-dir=${member.walDir}`;
  const bump = canBumpRevision(member.version ?? site.version)
    ? sh`${NEXT_LINE}--bump-revision=${REVISION_BUMP} --mark-compacted`
    : NOTHING;
  return {
    title: say(`Restore ${member.label} on ${member.node}`, `在 ${member.node} 上恢复 ${member.label}`),
    detail:
      bump === NOTHING
        ? say(
            "This version cannot raise the revision: every client that watches must be restarted afterwards",
            "此版本不能提升 revision：之后必须重启所有使用 watch 的客户端",
          )
        : say(
            "The raised revision tells watchers that history was cut, so that they read anew",
            "提升后的 revision 会让 watch 客户端知道历史被截断，从而重新读取",
          ),
    risk: "destructive",
    on: member,
    command: lines(
      sh`${snapshotCommand(site, member)} snapshot restore ${SNAPSHOT}${NEXT_LINE}--name=${member.name}${NEXT_LINE}--initial-cluster=${initialCluster(site)}${NEXT_LINE}--initial-cluster-token=${TOKEN}${NEXT_LINE}--initial-advertise-peer-urls=${member.peerUrl}${NEXT_LINE}--data-dir=${member.dataDir}${wal}${bump}`,
      sh`chown -R --reference=${aside(member)} ${member.dataDir}`,
    ),
    condition: bothHold(allStopped(site), quorumIsLost(site)),
    verify: say(
      "the directory has member/snap/db of the snapshot's size",
      "目录中的 member/snap/db 与快照大小相当",
    ),
    undo: say("set it aside and move the old directory back", "将其移开，再把旧目录移回"),
  };
}

/** "m1=https://…,m2=https://…": one word, whatever the names are. */
function initialCluster(site: Site): Shell {
  return membersOf(site)
    .map((member) => sh`${member.name}=${member.peerUrl}`)
    .reduce((list, one) => sh`${list},${one}`);
}

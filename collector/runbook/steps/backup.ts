/** Steps that keep a copy before something is destroyed. */
import { BACKUP_DIR, etcdctl, snapshotCommand } from "../commands.ts";
import { clusterServes, etcdIsStopped } from "../conditions.ts";
import { lines, sh } from "../shell.ts";
import type { Site, SiteMember } from "../site.ts";
import type { Step } from "../step.ts";
import { say } from "../step.ts";

/** From a member that serves; with no quorum there is none to be had, and the data directories are copied instead. */
export function saveSnapshot(site: Site): Step {
  const file = sh`${BACKUP_DIR}/etcd-${site.cluster}.snapshot.db`;
  return {
    title: say("Save a snapshot and check it", "保存快照并检查"),
    detail: say(
      "Status must show a hash and a revision. A file of that name is not overwritten: choose an empty folder",
      "status 必须显示 hash 和 revision。请选用空目录，避免覆盖同名文件",
    ),
    risk: "safe",
    command: lines(
      etcdctl(site.via, sh`--command-timeout=120s snapshot save ${file}`),
      sh`${snapshotCommand(site, site.via)} snapshot status ${file} --write-out=table`,
    ),
    condition: clusterServes(site),
    verify: say(
      "the file's size is near the database's, and it is copied to another machine",
      "文件大小接近数据库大小，并已复制到另一台机器",
    ),
    undo: say("nothing to undo: it reads", "无需撤销：只读取数据"),
    isBackup: true,
  };
}

/** The whole data directory of a stopped member. */
export function copyDataDir(member: SiteMember): Step {
  const wal = member.walDir;
  const target = sh`${BACKUP_DIR}/etcd-${member.name}-data`;
  return {
    title: say(
      `Copy etcd's data directory on ${member.node} while etcd is stopped`,
      `在 etcd 停止时复制 ${member.node} 上的数据目录`,
    ),
    detail: say(
      "It is the only way back from everything that follows. A copy of a running etcd is worth nothing",
      "这是后续所有操作唯一的退路。运行中的 etcd 的副本没有意义",
    ),
    risk: "safe",
    on: member,
    command: lines(
      sh`cp -aT ${member.dataDir} ${target}`,
      wal === undefined ? undefined : sh`cp -aT ${wal} ${target}-wal`,
      sh`du -sh ${member.dataDir} ${target}`,
    ),
    condition: etcdIsStopped(member),
    verify: say("both sizes are the same", "两者大小相同"),
    undo: say("remove the copy, days after all is well", "一切正常数日后再删除副本"),
    isBackup: true,
  };
}

/** Moved, not removed: the way back is one mv. */
export function setDataDirAside(member: SiteMember): Step {
  const wal = member.walDir;
  return {
    title: say(
      `Set the old data directory on ${member.node} aside`,
      `将 ${member.node} 上旧的数据目录移到一旁`,
    ),
    detail: say(
      "A rename in the same folder: quick, needs no room, can be turned back. Refused where it is a mount point: then move what is in it to the copies",
      "在同一目录内改名：很快，不占空间，可以恢复。若它是挂载点则会被拒绝：此时把其中内容移到备份目录",
    ),
    risk: "disruptive",
    on: member,
    command: lines(
      sh`mv -T ${member.dataDir} ${member.dataDir}.aside`,
      wal === undefined ? undefined : sh`mv -T ${wal} ${wal}.aside`,
    ),
    condition: etcdIsStopped(member),
    verify: say("the old path is gone, the new one is there", "旧路径已不存在，新路径存在"),
    undo: say("move it back, as long as etcd has not started anew", "在 etcd 重新启动之前移回原处"),
    isBackup: true,
  };
}

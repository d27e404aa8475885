/** Steps that only look: the first ones of every runbook. */
import { configCommand, etcdctl, logCommand } from "../commands.ts";
import type { Shell } from "../shell.ts";
import { lines, sh } from "../shell.ts";
import type { Site, SiteMember } from "../site.ts";
import type { Step } from "../step.ts";
import { say } from "../step.ts";

export function lookAtCluster(site: Site): Step {
  return {
    title: say(
      "See who serves, who leads and which alarms are raised",
      "查看谁在服务、谁是 leader、有哪些告警",
    ),
    detail: say(
      "One row a member: leader, term, index and errors. A member that is down makes the command slow, not wrong",
      "每个成员一行：leader、任期、索引和错误。有成员停止时命令会变慢，但结果仍然有效",
    ),
    risk: "read-only",
    command: etcdctl(site.via, sh`endpoint status --cluster --write-out=table`),
  };
}

export function lookAtAlarms(site: Site): Step {
  return {
    title: say("See which alarms are raised", "查看告警"),
    detail: say("NOSPACE stops writes, CORRUPT stops everything", "NOSPACE 会停止写入，CORRUPT 会停止一切"),
    risk: "read-only",
    command: etcdctl(site.via, sh`alarm list`),
  };
}

export function lookAtMembers(site: Site): Step {
  return {
    title: say("See the member list with IDs and URLs", "查看成员列表、ID 和 URL"),
    detail: say(
      "IDs are what member commands take; compare the URLs with the machines' addresses",
      "成员命令使用 ID；请核对 URL 与机器地址是否一致",
    ),
    risk: "read-only",
    command: etcdctl(site.via, sh`member list --write-out=table`),
  };
}

export function lookAtLog(member: SiteMember): Step {
  const command = logCommand(member, 80);
  return {
    title: say(`Read the end of etcd's log on ${member.node}`, `查看 ${member.node} 上 etcd 日志的末尾`),
    detail:
      command === undefined
        ? say(
            "Where the log is depends on what started etcd; run there, this reads what the agent can find of it, with the last fatal line",
            "日志在哪里取决于由什么启动 etcd；在该节点上运行此命令，会读取 agent 能找到的日志，包括最后一条 fatal 行",
          )
        : say(
            'The last fatal line names the cause; in 3.5 it is in its "error" field, "discovery failed" says nothing',
            '最后一条 fatal 行说明原因；3.5 中看其 "error" 字段，"discovery failed" 本身不说明问题',
          ),
    risk: "read-only",
    on: member,
    command: command ?? sh`etcdscope diagnose`,
  };
}

/** Nothing that is looked for by itself says that an etcd belongs here. */
export function lookForStarter(member: SiteMember): Step {
  return {
    title: say(`See what on ${member.node} would start an etcd`, `查看 ${member.node} 上由什么启动 etcd`),
    detail: say(
      "Neither etcd.service, nor a kubelet's manifest, nor k3s or RKE2, nor a container of Docker or Podman is there with one: another unit, a container that was removed or a script may be. Name its data directory with --data-dir, or as etcd.dataDir",
      "etcd.service、kubelet 的清单、k3s 或 RKE2、Docker 或 Podman 的容器中都没有：可能是其他 unit、已删除的容器或脚本。请用 --data-dir（或 etcd.dataDir）指明其数据目录",
    ),
    risk: "read-only",
    on: member,
    command: sh`systemctl list-unit-files --no-pager | grep -iE ${"etcd|k3s|rke2|kubelet|docker|containerd"}`,
  };
}

export function lookAtConfig(member: SiteMember): Step {
  return {
    title: say(`Read how etcd is started on ${member.node}`, `查看 ${member.node} 上 etcd 的启动方式`),
    detail: say(
      "Check --data-dir, --initial-cluster, the URLs and the certificate paths against the other members",
      "将 --data-dir、--initial-cluster、各 URL 和证书路径与其他成员比对",
    ),
    risk: "read-only",
    on: member,
    command: configCommand(member),
  };
}

export function lookAtDisk(member: SiteMember): Step {
  const wal = member.walDir === undefined ? sh`` : sh` ${member.walDir}`;
  return {
    title: say(`See how full etcd's disks on ${member.node} are`, `查看 ${member.node} 上 etcd 磁盘的占用`),
    detail: say("Both can be the end of it: bytes and inodes", "字节和 inode 任何一个耗尽都会出问题"),
    risk: "read-only",
    on: member,
    command: lines(sh`df -h ${member.dataDir}${wal}`, sh`df -i ${member.dataDir}${wal}`),
  };
}

/** A look of one runbook only. */
export function look(
  title: Step["title"],
  detail: Step["detail"],
  rest: { readonly on?: SiteMember | undefined; readonly command?: Shell | undefined } = {},
): Step {
  return { title, detail, risk: "read-only", ...rest };
}

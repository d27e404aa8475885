/** FS_READ_ONLY, DISK_STALLED: the kernel or the device has given up. The data is elsewhere: move the lead, then the member. */
import { etcdctl } from "../commands.ts";
import { clusterServes } from "../conditions.ts";
import { blank, sh } from "../shell.ts";
import type { Book, Step } from "../step.ts";
import type { Site } from "../site.ts";
import { say } from "../step.ts";
import { look, lookAtCluster } from "../steps/look.ts";
import { replaceMember } from "../steps/replace-member.ts";
import { startEtcd, stopEtcd } from "../steps/service.ts";

const TO = blank(
  "NEW_LEADER_ID",
  say("ID of another member, from member list", "另一成员的 ID，见 member list"),
);

export const brokenDisk: Book = {
  name: "broken-disk",
  codes: ["FS_READ_ONLY", "DISK_STALLED"],
  summary: ({ subject, code }) =>
    code === "FS_READ_ONLY"
      ? say(
          `The filesystem under etcd on ${subject.node} is read-only: usually the kernel's answer to an IO error`,
          `${subject.node} 上 etcd 所在的文件系统变为只读：通常是内核对 IO 错误的反应`,
        )
      : say(
          `Writes to etcd's disk on ${subject.node} do not come back. etcd still answers Status and looks well`,
          `${subject.node} 上 etcd 磁盘的写入没有返回。etcd 仍应答 Status，看起来正常`,
        ),
  doNot: () => [
    say(
      "remount read-write and go on: what is on the disk may be damaged",
      "重新挂载为可写后继续使用：磁盘内容可能已损坏",
    ),
    say("run fsck on a mounted filesystem", "对已挂载的文件系统运行 fsck"),
  ],
  steps: (site) => [
    look(
      say("Read what the kernel says of the device", "查看内核对该设备的报告"),
      say("IO errors, resets, a filesystem that was shut down", "IO 错误、复位、文件系统被关闭"),
      {
        on: site.subject,
        command: sh`dmesg -T | grep -iE 'i/o error|ext4|xfs|nvme|scsi|reset|remount|blocked for more' | tail -n 40`,
      },
    ),
    look(
      say("See how it is mounted and whether the device is well", "查看挂载方式和设备状态"),
      say(
        "ro, emergency_ro or shutdown among the options; a device that fails its own test",
        "选项中有 ro、emergency_ro 或 shutdown；设备自检失败",
      ),
      { on: site.subject, command: sh`findmnt -T ${site.subject.dataDir}` },
    ),
    ...(site.subject.isLeader ? [moveLead(site)] : []),
    stopEtcd(site, site.subject),
    look(
      say(
        "Repair or replace the disk, with etcd stopped and the filesystem unmounted",
        "停止 etcd 并卸载文件系统后，修复或更换磁盘",
      ),
      say(
        "When the data survived, start etcd and stop here; otherwise go on",
        "数据完好则启动 etcd 并到此为止；否则继续",
      ),
      { on: site.subject },
    ),
    startEtcd(site.subject),
    ...replaceMember(site, site.subject),
    lookAtCluster(site),
  ],
};

function moveLead(site: Site): Step {
  return {
    title: say("Move the lead away from this disk", "将 leader 从该磁盘移走"),
    detail: say(
      "Asked of the leader itself; when it does not answer, stopping it brings the election",
      "由 leader 自己执行；若无应答，停止它即会触发选举",
    ),
    risk: "disruptive",
    command: etcdctl(site.subject, sh`move-leader ${TO}`),
    condition: clusterServes(site),
    verify: say("endpoint status shows another leader", "endpoint status 显示另一个 leader"),
    undo: say("move it back later", "之后再移回"),
  };
}

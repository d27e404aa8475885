/** NODE_UNREACHABLE: nothing is heard of a machine and nobody reaches it. First the machine, then etcd. */
import { sh } from "../shell.ts";
import { blank } from "../shell.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { look, lookAtCluster, lookAtMembers } from "../steps/look.ts";
import { saveSnapshot } from "../steps/backup.ts";

const ADDRESS = blank("NODE_ADDRESS", say("the machine's address", "该机器的地址"));

export const nodeUnreachable: Book = {
  name: "node-unreachable",
  codes: ["NODE_UNREACHABLE"],
  summary: ({ subject }) =>
    say(
      `${subject.node} is not heard and no other member reaches it: the machine is off, hangs, or is cut off`,
      `收不到 ${subject.node} 的消息，其他成员也无法访问它：机器关机、挂死或被隔离`,
    ),
  doNot: () => [
    say(
      "take its member off the list before you know that the machine will not come back",
      "在确认机器不会恢复之前移除其成员",
    ),
  ],
  steps: (site) => [
    lookAtCluster(site),
    look(
      say("Ask from another member's machine", "从其他成员所在机器检查"),
      say(
        "An answer to ping and none to etcd: the machine is up, its etcd is not, or a firewall is in the way",
        "能 ping 通而 etcd 不通：机器在线，etcd 未运行或被防火墙拦截",
      ),
      { on: site.via, command: sh`ping -c 3 ${ADDRESS}` },
    ),
    look(
      say("Look at its console and power, or its state at the cloud", "查看其控制台和电源，或云平台上的状态"),
      say("A kernel that has stopped says why on the console", "内核停止时会在控制台说明原因"),
    ),
    saveSnapshot(site),
    {
      title: say("Start the machine; etcd and its agent start with it", "启动机器；etcd 和代理会随之启动"),
      detail: say(
        "If its disk is lost, go on with runbook START_WAL_CORRUPT: the member is replaced",
        "若磁盘丢失，按 START_WAL_CORRUPT 的手册替换该成员",
      ),
      risk: "safe",
      verify: say("etcdscope status shows agent and member", "etcdscope status 显示代理和成员正常"),
      undo: say("nothing to undo", "无需撤销"),
    },
    lookAtMembers(site),
  ],
};

/** DNS_FAILING: names of members do not resolve, or late. Established connections live on; every new one waits. */
import { sh } from "../shell.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { look, lookAtMembers } from "../steps/look.ts";

export const dns: Book = {
  name: "dns",
  codes: ["DNS_FAILING"],
  summary: ({ subject }) =>
    say(
      `Names that etcd's URLs use do not resolve on ${subject.node}, or too late: new connections fail while old ones live on`,
      `${subject.node} 上 etcd URL 使用的域名解析失败或太慢：新连接失败，旧连接仍然有效`,
    ),
  doNot: () => [say("restart etcd: its connections would not come back", "重启 etcd：连接将无法恢复")],
  steps: (site) => [
    lookAtMembers(site),
    look(
      say("Resolve each name as the system does", "按系统方式解析每个域名"),
      say("Each must answer at once, with the machine's address", "每个都应立即返回机器地址"),
      {
        on: site.subject,
        command: sh`for url in ${site.members.length === 0 ? site.subject.peerUrl : site.members.map(({ peerUrl }) => sh`${peerUrl}`).reduce((list, one) => sh`${list} ${one}`)}; do
  host=\${url#*://}; time getent ahosts "\${host%:*}"
done`,
      },
    ),
    look(
      say("See which resolvers are asked", "查看使用的解析服务器"),
      say(
        "A resolver inside of the cluster cannot work while the cluster does not",
        "集群内的解析服务在集群故障时无法工作",
      ),
      {
        on: site.subject,
        command: sh`cat /etc/resolv.conf /etc/hosts`,
      },
    ),
    {
      title: say(
        "Write the members' addresses into /etc/hosts on each node",
        "在每个节点的 /etc/hosts 中写入各成员地址",
      ),
      detail: say("It works at once and does not depend on any server", "立即生效且不依赖任何服务器"),
      risk: "safe",
      verify: say("getent answers at once", "getent 立即返回"),
      undo: say("take the lines out again", "删除这些行"),
    },
  ],
};

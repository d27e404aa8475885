/** AGENT_SILENT, AGENT_DEGRADED, COLLECTOR_DEGRADED: etcdscope itself is blind. Nothing here touches etcd. */
import { sh } from "../shell.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { look } from "../steps/look.ts";

export const observation: Book = {
  name: "observation",
  codes: ["AGENT_SILENT", "AGENT_DEGRADED", "COLLECTOR_DEGRADED"],
  summary: ({ subject, code }) =>
    code === "COLLECTOR_DEGRADED"
      ? say(
          "The collector cannot keep what it is sent. What it shows of now is still right; history has a gap",
          "采集器无法保存收到的数据。当前状态仍然正确；历史会有缺口",
        )
      : say(
          `What the agent on ${subject.node} sees does not arrive, or it cannot see all. It says nothing of etcd itself`,
          `${subject.node} 上代理看到的内容没有到达，或它看不全。这不说明 etcd 本身有问题`,
        ),
  doNot: () => [say("restart etcd because of it", "因此重启 etcd")],
  steps: (site) =>
    site.code === "COLLECTOR_DEGRADED"
      ? [
          look(
            say("Read the collector's log", "查看采集器日志"),
            say("A full disk is the usual reason", "磁盘写满是常见原因"),
            {
              command: sh`journalctl --no-pager -n 50 -u etcdscope-collector
df -h /var/lib/etcdscope`,
            },
          ),
          {
            title: say(
              "Make room, or lower history.maxBytes and history.raw",
              "释放空间，或降低 history.maxBytes 和 history.raw",
            ),
            detail: say("It goes on by itself as soon as it can write", "可写后会自动恢复"),
            risk: "safe",
            verify: say("/readyz answers ok", "/readyz 返回 ok"),
            undo: say("put the old values back", "恢复旧值"),
          },
        ]
      : [
          look(
            say("Look at the node itself, without the collector", "不经采集器直接检查该节点"),
            say("The same checks, from there", "同样的检查，在该节点执行"),
            {
              on: site.subject,
              command: sh`etcdscope diagnose --config /etc/etcdscope/agent.yaml`,
            },
          ),
          look(
            say("Read the agent's log", "查看代理日志"),
            say(
              "Its certificate, the way to the collector, the name in its certificate",
              "其证书、到采集器的网络、证书中的名称",
            ),
            {
              on: site.subject,
              command: sh`systemctl status --no-pager etcdscope-agent
journalctl --no-pager -n 50 -u etcdscope-agent`,
            },
          ),
          {
            title: say("Start the agent", "启动代理"),
            detail: say(
              "What it kept meanwhile comes beside what is new",
              "期间保存的数据会与新数据一并补发",
            ),
            risk: "safe",
            on: site.subject,
            command: sh`systemctl restart etcdscope-agent`,
            verify: say("etcdscope status shows it online", "etcdscope status 显示其在线"),
            undo: say("stop it again", "再次停止它"),
          },
        ],
};

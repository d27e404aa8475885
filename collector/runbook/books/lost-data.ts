/** AGENT_DATA_LOST: the history has a gap that stays. Nothing brings it back; the next one can be made smaller. */
import { sh } from "../shell.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { look } from "../steps/look.ts";

export const lostData: Book = {
  name: "lost-data",
  codes: ["AGENT_DATA_LOST"],
  summary: ({ subject }) =>
    say(
      `The agent on ${subject.node} had to let go observations before the collector had them: that part of the history stays empty. What is shown of now is right`,
      `${subject.node} 上的代理在采集器收到之前丢弃了部分观测：这段历史将保持空缺。当前状态不受影响`,
    ),
  doNot: () => [say("restart etcd because of it", "因此重启 etcd")],
  steps: (site) => [
    look(
      say("See why the collector was away", "查看采集器为何不可达"),
      say("The gap begins some time after it went", "空缺在采集器离线一段时间之后开始"),
      { command: sh`journalctl --no-pager -n 50 -u etcdscope-collector` },
    ),
    look(
      say("See how much room the agent's spool has", "查看代理本地缓存的可用空间"),
      say(
        "It writes nothing when less than a tenth of its file system is free",
        "所在文件系统可用空间不足十分之一时，它不再写入",
      ),
      {
        on: site.subject,
        command: sh`df -h /var/lib/etcdscope-agent
journalctl --no-pager -n 50 -u etcdscope-agent`,
      },
    ),
    {
      title: say(
        "Raise spool.maxBytes or spool.maxAge in the agent's configuration",
        "在代理配置中调大 spool.maxBytes 或 spool.maxAge",
      ),
      detail: say("Only if the collector may be away for so long again", "仅当采集器可能再次长时间不可达时"),
      risk: "safe",
      on: site.subject,
      verify: say("etcdscope agent --check accepts it", "etcdscope agent --check 通过"),
      undo: say("put the old values back", "恢复旧值"),
    },
  ],
};

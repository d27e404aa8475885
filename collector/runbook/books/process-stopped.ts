/** PROCESS_STOPPED: somebody, or a tool, sent SIGSTOP. Letting it go on is enough. */
import { sh } from "../shell.ts";
import { blank } from "../shell.ts";
import { findFact } from "../../view/node-reading.ts";
import type { Site } from "../site.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { look, lookAtCluster } from "../steps/look.ts";

export const processStopped: Book = {
  name: "process-stopped",
  codes: ["PROCESS_STOPPED"],
  summary: ({ subject }) =>
    say(
      `etcd's process on ${subject.node} is stopped by a signal: it keeps its sockets and answers nobody`,
      `${subject.node} 上的 etcd 进程被信号暂停：仍占有套接字，但不应答`,
    ),
  doNot: () => [say("kill it: going on costs nothing", "杀死它：恢复运行没有代价")],
  steps: (site) => [
    look(
      say("Find who stopped it: a debugger, a freezer, a script", "查明是谁暂停了它：调试器、冻结器或脚本"),
      say("TracerPid other than 0 is a debugger", "TracerPid 不为 0 表示有调试器"),
      { on: site.subject, command: sh`grep -E '^(State|TracerPid|PPid)' /proc/${pidOf(site)}/status` },
    ),
    {
      title: say("Let it go on", "让它继续运行"),
      detail: say(
        "If it led before it was stopped, it steps down by itself when it hears of the new term",
        "若它之前是 leader，得知新任期后会自行退位",
      ),
      risk: "safe",
      on: site.subject,
      command: sh`kill -CONT ${pidOf(site)}`,
      verify: say("its state is S or R, and it serves", "其状态为 S 或 R，且可用"),
      undo: say("nothing to undo", "无需撤销"),
    },
    lookAtCluster(site),
  ],
};

function pidOf({ subject }: Site) {
  const view = subject.view;
  const process = view === undefined ? undefined : findFact(view.state, "process", "process")?.body;
  return process === undefined || process.pid === 0
    ? blank("PID", say("etcd's process id: pgrep -x etcd", "etcd 的进程号：pgrep -x etcd"))
    : process.pid;
}

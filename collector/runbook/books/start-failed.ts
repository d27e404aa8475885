/** START_FAILED, START_DATA_DIR_LOCKED: etcd ends at its start for a reason of its own, or beside another etcd. */
import { sh } from "../shell.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { copyDataDir } from "../steps/backup.ts";
import { look, lookAtCluster, lookAtConfig, lookAtLog } from "../steps/look.ts";
import { startEtcd } from "../steps/service.ts";

export const startFailed: Book = {
  name: "start-failed",
  codes: ["START_FAILED", "START_DATA_DIR_LOCKED"],
  summary: ({ subject, code }) =>
    code === "START_DATA_DIR_LOCKED"
      ? say(
          `another etcd on ${subject.node} uses this member's data directory: one of the two is not to run`,
          `${subject.node} 上另一个 etcd 正在使用该成员的数据目录：其中一个不应运行`,
        )
      : say(
          `etcd on ${subject.node} ends itself at its start for a reason that is not in the catalogue: its own words decide`,
          `${subject.node} 上的 etcd 启动时自行退出，原因不在已知目录中：以其日志为准`,
        ),
  doNot: () => [
    say("delete anything below the data directory to make it start", "为了启动而删除数据目录下的任何内容"),
    say("run two etcds on one data directory", "让两个 etcd 使用同一数据目录"),
  ],
  steps: (site) => [
    lookAtLog(site.subject),
    look(
      say("See which etcds run, and with which data directory", "查看运行中的 etcd 及其数据目录"),
      say(
        "An old one that has not ended yet needs time, not a signal",
        "尚未退出的旧进程需要时间，而不是信号",
      ),
      { on: site.subject, command: sh`pgrep -a etcd` },
    ),
    lookAtConfig(site.subject),
    ...(site.subject.state === "down" ? [copyDataDir(site.subject)] : []),
    startEtcd(site.subject),
    lookAtCluster(site),
  ],
};

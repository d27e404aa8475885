/** MEMBER_HUNG: the process is there and answers nobody. A stopped process, a hung disk or no CPU: told apart before a restart. */
import { sh } from "../shell.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { look, lookAtLog } from "../steps/look.ts";
import { restartEtcd } from "../steps/service.ts";

export const memberHung: Book = {
  name: "member-hung",
  codes: ["MEMBER_HUNG"],
  summary: ({ subject }) =>
    say(
      `etcd of ${subject.label} is there and does not answer: stopped by a signal (T), waiting for its disk (D), or without CPU`,
      `${subject.label} 的 etcd 进程存在但没有应答：被信号暂停（T）、在等磁盘（D）或得不到 CPU`,
    ),
  doNot: () => [
    say(
      "restart it while its disk hangs: it will not end, and not start",
      "磁盘挂起时重启它：既停不掉也起不来",
    ),
  ],
  steps: (site) => [
    look(
      say("See the process's state and what it waits for", "查看进程状态及其等待的内容"),
      say(
        "T: runbook PROCESS_STOPPED. D: the disk does not answer, runbook DISK_STALLED. R or S: CPU or etcd itself",
        "T：见 PROCESS_STOPPED 的手册。D：磁盘无响应，见 DISK_STALLED。R 或 S：CPU 或 etcd 自身",
      ),
      { on: site.subject, command: sh`ps -o pid,stat,wchan:24,etime,pcpu,rss,args -C etcd` },
    ),
    look(
      say("See whether the machine is short of CPU or waits for its disk", "查看机器是否缺 CPU 或在等磁盘"),
      say(
        "st is stolen by the hypervisor, wa waits for disks, b counts blocked processes",
        "st 为被虚拟化层占用，wa 为等待磁盘，b 为阻塞进程数",
      ),
      { on: site.subject, command: sh`vmstat 1 5` },
    ),
    lookAtLog(site.subject),
    restartEtcd(site, site.subject),
  ],
};

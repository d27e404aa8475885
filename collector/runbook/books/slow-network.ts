/** PEER_LATENCY_HIGH, PACKET_LOSS, TIMEOUTS_UNSUITABLE: the network against the timeouts in force. */
import { configCommand } from "../commands.ts";
import { allVotersServe } from "../conditions.ts";
import { blank, sh } from "../shell.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { look } from "../steps/look.ts";
import { restartOneByOne } from "../steps/service.ts";

const ADDRESS = blank(
  "PEER_ADDRESS",
  say("the address of the other member's machine", "另一成员所在机器的地址"),
);

export const slowNetwork: Book = {
  name: "slow-network",
  codes: ["PEER_LATENCY_HIGH", "PACKET_LOSS", "TIMEOUTS_UNSUITABLE"],
  summary: ({ judged }) =>
    say(
      `The way between members is slow or loses packets for an election timeout of ${judged.view.electionTimeoutMs} ms. The network is cured first; the timeouts follow the round trip, on all members alike`,
      `成员间网络慢或丢包，而选举超时为 ${judged.view.electionTimeoutMs} 毫秒。先治网络；超时应与往返时间相符，且所有成员一致`,
    ),
  doNot: () => [say("give members different timeouts", "让成员使用不同的超时")],
  steps: (site) => [
    look(
      say("Measure the round trip and the loss", "测量往返时间和丢包"),
      say("From each member's machine to each other's", "从每台成员机器到其他各台"),
      {
        on: site.subject,
        command: sh`ping -c 20 -i 0.2 ${ADDRESS}`,
      },
    ),
    look(
      say("See what the kernel knows of etcd's own connections", "查看内核对 etcd 自有连接的统计"),
      say("rtt is mean/deviation in ms, retrans is now/ever", "rtt 为均值/偏差（毫秒），retrans 为当前/累计"),
      {
        on: site.subject,
        command: sh`ss -Htni '( sport = :2380 or dport = :2380 )'`,
      },
    ),
    look(
      say("See errors and drops of the interface", "查看网卡错误和丢弃"),
      say("Counters that grow point at a cable, a driver or a queue", "计数增长指向线缆、驱动或队列"),
      {
        on: site.subject,
        command: sh`ip -s link`,
      },
    ),
    look(
      say("See the timeouts in force", "查看当前超时设置"),
      say(
        "Heartbeat about one round trip, election at least ten of them",
        "心跳约为一个往返时间，选举超时至少十倍",
      ),
      {
        on: site.subject,
        command: configCommand(site.subject),
      },
    ),
    {
      title: say(
        "Write the same --heartbeat-interval and --election-timeout for every member",
        "为每个成员写入相同的 --heartbeat-interval 和 --election-timeout",
      ),
      detail: say(
        "For example 500 and 5000. While they differ, the shorter ones start elections",
        "例如 500 和 5000。不一致时，较短者会发起选举",
      ),
      risk: "safe",
      verify: say("the same values on every node", "各节点的值相同"),
      undo: say("put the old values back", "恢复旧值"),
    },
    restartOneByOne(site, allVotersServe(site)),
  ],
};

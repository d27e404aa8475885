/** PARTITION and its kin: members are up and do not reach each other. Look on both sides, open the way, wait. */
import { sh } from "../shell.ts";
import type { Book, Step } from "../step.ts";
import { say } from "../step.ts";
import type { Site, SiteMember } from "../site.ts";
import { look, lookAtCluster } from "../steps/look.ts";

export const partition: Book = {
  name: "partition",
  codes: [
    "PARTITION",
    "LEADER_DISAGREEMENT",
    "ASYMMETRIC_LINK",
    "PEER_LINK_DOWN",
    "PEER_PORT_BLOCKED",
    "CLIENT_PORT_BLOCKED",
  ],
  summary: ({ subject, code }) =>
    code === "CLIENT_PORT_BLOCKED"
      ? say(
          `The client port of ${subject.label} cannot be reached from elsewhere though etcd serves: clients see a failure, the cluster does not`,
          `etcd 正常服务，但从别处无法访问 ${subject.label} 的客户端端口：客户端受影响，集群不受影响`,
        )
      : say(
          "Members that are up do not reach each other on the peer port. The side with a majority goes on, the other one stands still; both come together again by themselves once the way is open",
          "在线的成员在对等端口上互不相通。多数派一侧继续工作，另一侧停止；网络恢复后会自动合并",
        ),
  doNot: () => [
    say(
      "restart etcd: it loses nothing by waiting, and a restart can lose the side that still works",
      "重启 etcd：等待没有损失，重启可能失去仍在工作的一侧",
    ),
    say("take a member off the list because it cannot be reached", "因为无法访问就移除成员"),
  ],
  steps: (site) => [
    lookAtCluster(site),
    ...others(site).map((member) => reach(site.subject, member)),
    ...others(site)
      .slice(0, 1)
      .map((member) => reach(member, site.subject)),
    look(
      say("See which firewall rules name etcd's ports", "查看涉及 etcd 端口的防火墙规则"),
      say("On both ends, and in the cloud's security groups", "两端都要看，并检查云安全组"),
      {
        on: site.subject,
        command: sh`iptables-save | grep -E '2379|2380|DROP|REJECT'
nft list ruleset | grep -E '2379|2380|drop|reject'`,
      },
    ),
    look(
      say("See which way packets go and where they end", "查看数据包的路径和终点"),
      say(
        "A route that changed, an interface that is down, errors that count up",
        "路由变化、接口关闭、错误计数增长",
      ),
      {
        on: site.subject,
        command: sh`ip -s link
ip route`,
      },
    ),
    {
      title: say(
        "Open the way again: 2379 and 2380 both ways between all members",
        "恢复通路：所有成员之间双向开放 2379 和 2380",
      ),
      detail: say(
        "Undo what was changed last. etcd reconnects within seconds, TCP's own waiting can make it ten",
        "撤销最近的改动。etcd 数秒内重连，TCP 退避可能使其长达十秒",
      ),
      risk: "safe",
      on: site.subject,
      verify: say(
        "etcdscope status shows every link up and one leader",
        "etcdscope status 显示链路全部正常且只有一个 leader",
      ),
      undo: say("put the rule back", "恢复该规则"),
    },
  ],
};

function others({ members, subject }: Site): readonly SiteMember[] {
  return members.filter(({ label, state }) => label !== subject.label && state !== "removed").slice(0, 6);
}

/** A full handshake: a bare connect would show in etcd's log, and would not show what TLS does. */
function reach(from: SiteMember, to: SiteMember): Step {
  const tls =
    from.peerTls === undefined
      ? sh``
      : sh`--cacert ${from.peerTls.ca} --cert ${from.peerTls.cert} --key ${from.peerTls.key} `;
  return look(
    say(`Try ${to.label}'s peer port from ${from.node}`, `从 ${from.node} 访问 ${to.label} 的对等端口`),
    say(
      "An answer: the way is open. Refused: nobody listens. A timeout: packets are dropped. A certificate error: not the network",
      "有应答：通。被拒绝：无人监听。超时：数据包被丢弃。证书错误：不是网络问题",
    ),
    { on: from, command: sh`curl -sS -m 5 ${tls}${to.peerUrl}/version` },
  );
}

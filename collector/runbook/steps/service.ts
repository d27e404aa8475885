/** Steps that stop, start and restart etcd on one node, as that node starts it. */
import { othersKeepQuorum } from "../conditions.ts";
import { restartCommand, startCommand, stopCommand } from "../commands.ts";
import type { Site, SiteMember } from "../site.ts";
import type { Condition, Step } from "../step.ts";
import { say } from "../step.ts";

const BY_HAND = say(
  "How etcd is started here is not known: use what started it",
  "不知道此处 etcd 的启动方式：请用原来的方式操作",
);

export function startEtcd(member: SiteMember, condition?: Condition): Step {
  const command = startCommand(member);
  return {
    title: say(`Start etcd on ${member.node}`, `启动 ${member.node} 上的 etcd`),
    detail:
      command === undefined
        ? BY_HAND
        : say(
            "With its data it catches up by itself; the command is as it was last started",
            "数据还在时它会自动追上；命令与上次启动一致",
          ),
    risk: "safe",
    on: member,
    command,
    condition,
    verify: say(
      `etcdscope status shows ${member.label} serving within a minute`,
      `etcdscope status 在一分钟内显示 ${member.label} 可用`,
    ),
    undo: say("stop it again", "再次停止它"),
  };
}

export function stopEtcd(site: Site, member: SiteMember): Step {
  return {
    title: say(`Stop etcd on ${member.node}`, `停止 ${member.node} 上的 etcd`),
    detail:
      stopCommand(member) === undefined
        ? BY_HAND
        : say("One member at a time, never two", "一次只停一个成员，绝不同时停两个"),
    risk: "disruptive",
    on: member,
    command: stopCommand(member),
    condition: othersKeepQuorum(site, member),
    verify: say("no etcd process is left on the node", "该节点上不再有 etcd 进程"),
    undo: say("start it again", "重新启动它"),
  };
}

export function restartEtcd(site: Site, member: SiteMember): Step {
  return {
    title: say(`Restart etcd on ${member.node}`, `重启 ${member.node} 上的 etcd`),
    detail:
      restartCommand(member) === undefined
        ? BY_HAND
        : say(
            "Wait until it serves again before any other member is touched",
            "在它恢复可用之前，不要动任何其他成员",
          ),
    risk: "disruptive",
    on: member,
    command: restartCommand(member),
    condition: othersKeepQuorum(site, member),
    verify: say(
      `etcdscope status shows ${member.label} serving, with the same leader or a new one`,
      `etcdscope status 显示 ${member.label} 可用，leader 不变或已重新选出`,
    ),
    undo: say(
      "what was changed before it is put back, and etcd restarted once more",
      "恢复之前的改动，再重启一次",
    ),
  };
}

/** Each member's turn, the leader last: the order in which a cluster is changed while it serves. */
export function inTurn(site: Site): readonly SiteMember[] {
  const present = site.members.filter(({ state }) => state !== "removed");
  const all = present.length === 0 ? [site.subject] : present;
  return [...all.filter(({ isLeader }) => !isLeader), ...all.filter(({ isLeader }) => isLeader)];
}

/** One step that stands for a restart of every member. */
export function restartOneByOne(site: Site, condition: Condition): Step {
  const order = inTurn(site).map(({ label }) => label);
  return {
    title: say(
      `Restart the members one at a time: ${order.join(", then ")}`,
      `逐个重启成员：${order.join("，然后 ")}`,
    ),
    detail: say(
      "The leader last. Between two of them wait until all serve: etcdscope status must say HEALTHY",
      "leader 放在最后。每两个之间等待全部恢复：etcdscope status 必须显示健康",
    ),
    risk: "disruptive",
    condition,
    verify: say("all members serve with the new flags", "所有成员以新参数正常服务"),
    undo: say("put the old flags back, one member at a time", "逐个成员恢复旧参数"),
  };
}

/** An agent's event in words. One that this collector has no words for is told as it came. */
import type { Event } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { parseId } from "../../shared/member-id.ts";
import type { NodeState } from "../view/node-state.ts";
import type { Told } from "./note-frame.ts";

const MAX_ATTRIBUTES = 8;
const MAX_LENGTH = 200;

export function describeEvent(event: Event, node: NodeState): Told {
  const { kind, subject } = event;
  const attributes = shorten(event.attributes);
  const pid = attributes["pid"] ?? "?";
  switch (kind) {
    case "process_exited": {
      const text = { en: `etcd exited (pid ${pid})`, zh: `etcd 退出（pid ${pid}）` };
      return { code: kind, subject, attributes, text };
    }
    case "process_started": {
      const text = { en: `etcd started (pid ${pid})`, zh: `etcd 启动（pid ${pid}）` };
      return { code: kind, subject, attributes, text };
    }
    case "log": {
      const { code = "", said = "", count = "1" } = attributes;
      const times = count === "1" ? { en: "", zh: "" } : { en: ` (${count} times)`, zh: `（${count} 次）` };
      const text = {
        en: `log: ${code}: ${said}${times.en}`,
        zh: `日志：${code}：${said}${times.zh}`,
      };
      return { code: kind, subject, attributes, text };
    }
    case "kernel": {
      const said = attributes["text"] ?? "";
      return { code: kind, subject, attributes, text: { en: `kernel: ${said}`, zh: `内核：${said}` } };
    }
    case "process_ended": {
      const { how = "", status = "?", unit = "etcd" } = attributes;
      const text =
        how === "exited"
          ? { en: `${unit} exited with code ${status}`, zh: `${unit} 以退出码 ${status} 退出` }
          : { en: `${unit} was ended by ${status}`, zh: `${unit} 被 ${status} 终止` };
      return { code: kind, subject, attributes, text };
    }
    case "oom_killed": {
      const text = {
        en: `the kernel killed etcd (pid ${pid}) for memory`,
        zh: `内核因内存不足杀死 etcd（pid ${pid}）`,
      };
      return { code: kind, subject, attributes, text };
    }
    case "agent_paused": {
      const seconds = (Number(attributes["milliseconds"] ?? 0) / 1000).toFixed(1);
      const text = {
        en: `the agent was not run for ${seconds} s and saw nothing`,
        zh: `代理 ${seconds} 秒未被调度，期间没有观测`,
      };
      return { code: kind, subject, attributes, text };
    }
    case "log_skipped": {
      const bytes = attributes["bytes"] ?? "?";
      const text = {
        en: `${bytes} bytes of etcd's log were jumped over: more came than is read`,
        zh: `日志过多，跳过 ${bytes} 字节`,
      };
      return { code: kind, subject, attributes, text };
    }
    case "leader_changed":
      return describeLeader(attributes, subject, node);
    default: {
      const listed = Object.entries(attributes).map(([name, value]) => `${name}=${value}`);
      const said = [kind, subject, ...listed].filter((part) => part !== "").join(" ");
      return { code: kind, subject, attributes, text: { en: said, zh: said } };
    }
  }
}

function describeLeader(
  attributes: Readonly<Record<string, string>>,
  subject: string,
  node: NodeState,
): Told {
  const [from, to] = [nameMember(attributes["from"], node), nameMember(attributes["to"], node)];
  const term = attributes["term"] ?? "?";
  const text =
    to === ""
      ? { en: `lost its leader ${from} (term ${term})`, zh: `失去 leader ${from}（任期 ${term}）` }
      : from === ""
        ? { en: `follows ${to} (term ${term})`, zh: `跟随 leader ${to}（任期 ${term}）` }
        : { en: `left ${from} for ${to} (term ${term})`, zh: `leader 由 ${from} 变为 ${to}（任期 ${term}）` };
  return { code: "leader_changed", subject: nameMember(subject, node), attributes: { from, to, term }, text };
}

/** The name where the node's list has one; empty for no member. */
function nameMember(hex: string | undefined, node: NodeState): string {
  const id = hex === undefined ? 0n : (parseId(hex) ?? 0n);
  if (id === 0n) {
    return "";
  }
  const listed = node.remembered.membership?.list.members.find((member) => member.id === id);
  return listed?.name || (hex ?? "");
}

function shorten(attributes: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes)
      .slice(0, MAX_ATTRIBUTES)
      .map(([name, value]) => [name.slice(0, MAX_LENGTH), value.slice(0, MAX_LENGTH)]),
  );
}

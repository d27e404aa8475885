/** AGENT_DATA_LOST: an agent had to let go what it had kept, so that the history has a gap. It says nothing of the present. */
import type { NodeView } from "../../view/cluster-view.ts";
import type { Text } from "../../../shared/text.ts";
import { createEvidence } from "../evidence.ts";
import { formatDuration, formatTime } from "../format.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";

export const agentDataLost: Rule = {
  code: "AGENT_DATA_LOST",
  layer: "agent",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "agent-data-lost",
  // The agent itself tells it for ten minutes.
  holdMs: 0,
  quietMs: 1500,
  evaluate: (cluster) => cluster.view.nodes.map(evaluateNode),
};

/** Why frames went, as stream.proto names it, and what to do so that the next ones do not. */
const REASONS: Readonly<Record<string, Text>> = {
  spool_full: {
    en: "its spool was full: the collector was away for longer than spool.maxBytes has room for",
    zh: "本地缓存已满：采集器不可达的时间超出 spool.maxBytes 所能容纳",
  },
  too_old: {
    en: "they were older than spool.maxAge when the collector came back",
    zh: "采集器恢复时，这些数据已超过 spool.maxAge",
  },
  no_space: {
    en: "the file system of its spool is low on space, so it kept them in memory only: free space on the node",
    zh: "本地缓存所在文件系统空间不足，数据只能留在内存：请在该节点上释放空间",
  },
  not_writable: {
    en: "its spool cannot be written, so it kept them in memory only: see the agent's log",
    zh: "本地缓存无法写入，数据只能留在内存：请查看代理日志",
  },
  damaged: {
    en: "a file of its spool is damaged: check the node's disk",
    zh: "本地缓存文件已损坏：请检查该节点的磁盘",
  },
};

function evaluateNode(node: NodeView): RuleOutcome {
  const subject = nodeSubject(node.name);
  if (!node.agent.isCurrent) {
    const reason = {
      en: "the agent is not heard now: what it lost, if anything, it tells when it is back",
      zh: "当前收不到代理的消息：若有数据丢失，恢复后会报告",
    };
    return { kind: "unknown", subject, reason };
  }
  const { loss } = node.state;
  if (loss === undefined) {
    return { kind: "ok", subject };
  }
  const { frames, fromMs, toMs } = loss;
  const [from, to] = [formatTime(fromMs), formatTime(toMs)];
  const span = formatDuration(Math.max(1000, toMs - fromMs));
  const why = REASONS[loss.reason] ?? { en: loss.reason, zh: loss.reason };
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: {
      en: `${node.name}: ${span.en} of observations are lost`,
      zh: `${node.name}：丢失了 ${span.zh} 的观测数据`,
    },
    detail: {
      en: `${frames} ${frames === 1 ? "frame" : "frames"} between ${from} and ${to} will stay missing in the history; what is shown of now is right. Reason: ${why.en}`,
      zh: `历史中缺少 ${from} 至 ${to} 的 ${frames} 帧；当前状态不受影响。原因：${why.zh}`,
    },
    evidence: [
      createEvidence(
        { node: node.name, source: "agent", atMs: node.state.atMs },
        { en: "frames dropped before they were sent", zh: "发送前被丢弃的帧" },
        { value: frames, unit: "frames" },
      ),
    ],
    sinceMs: fromMs,
  };
}

/** How etcd's process ended, by whoever started it: systemd, or a container's runtime. */
import type { Evidence } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import type { NodeView, ProcessView } from "../view/cluster-view.ts";
import { findRun } from "../view/node-reading.ts";
import { createEvidence } from "./evidence.ts";
import { addSayings } from "./log-evidence.ts";

/** Its end is told by another before it is seen, by as much as a look takes. */
const END_BEFORE_MS = 5000;

/** The newest since it last ran; of one that the agent never saw run, the newest at all. */
export function proveEnd(
  node: NodeView | undefined,
  process: ProcessView | undefined,
  nowMs: number,
): readonly Evidence[] {
  if (node === undefined) {
    return [];
  }
  const wasSeen = process?.wasSeen !== false;
  const sinceMs = wasSeen ? (process?.sinceMs ?? nowMs) - END_BEFORE_MS : 0;
  const end = node.state.events.findLast(
    ({ atMs, event }) => event.kind === "process_ended" && atMs >= sinceMs,
  );
  if (end === undefined) {
    const said = wasSeen ? addSayings(node, ["PROCESS_EXITED"], sinceMs) : [];
    return [...said, ...proveUnknownEnd(node)];
  }
  const { how = "", status = "?", result = "", unit = "", source = "systemd" } = end.event.attributes;
  const { restarts = "0", endedAt = "" } = end.event.attributes;
  const times = Number(restarts);
  // A restart that the agent saw is counted with the process; the others only systemd knows of.
  const hasMore = !wasSeen && times > 0;
  const more: Text = {
    en: `${hasMore ? `, after ${times} restart${times === 1 ? "" : "s"}` : ""}${endedAt === "" ? "" : `, at ${endedAt.slice(0, 19)}Z`}`,
    zh: `${hasMore ? `，此前重启过 ${times} 次` : ""}${endedAt === "" ? "" : `，于 ${endedAt.slice(0, 19)}Z`}`,
  };
  const word = result === "" ? { en: "", zh: "" } : { en: ` (${result})`, zh: `（${result}）` };
  const text: Text =
    how === "exited"
      ? {
          en: `${unit} exited with code ${status}${word.en}${more.en}`,
          zh: `${unit} 以退出码 ${status} 退出${word.zh}${more.zh}`,
        }
      : {
          en: `${unit} was ended by ${status}${word.en}${more.en}`,
          zh: `${unit} 被 ${status} 终止${word.zh}${more.zh}`,
        };
  return [createEvidence({ node: node.name, source, atMs: end.atMs }, text)];
}

/** By why the agent's process_end probe has nothing to tell. */
const UNKNOWN_ENDS: Readonly<Record<string, Text>> = {
  no_log: { en: "no container of its pod has left a log", zh: "其 Pod 的容器没有留下日志" },
  no_record: {
    en: "no runtime keeps a record of its container's end",
    zh: "没有运行时保留其容器的退出记录",
  },
  end_unseen: {
    en: "its container's runtime was not there when it ended, as with a loss of power",
    zh: "容器退出时其运行时也不在，例如断电",
  },
};

/** Nobody who started it is known to have seen it: then nothing is said at all. */
function proveUnknownEnd(node: NodeView): readonly Evidence[] {
  const why = UNKNOWN_ENDS[findRun(node.state, "process_end", "")?.errorCode ?? ""];
  if (why === undefined) {
    return [];
  }
  const text = { en: `how it ended is not known: ${why.en}`, zh: `结束方式未知：${why.zh}` };
  return [createEvidence({ node: node.name, source: "container runtime", atMs: node.state.atMs }, text)];
}

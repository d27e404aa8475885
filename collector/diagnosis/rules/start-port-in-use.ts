/** START_PORT_IN_USE: another process listens where etcd is to. */
import type { StartFact } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Text } from "../../../shared/text.ts";
import { createStartRule } from "../start-rule.ts";

export const startPortInUse = createStartRule({
  code: "START_PORT_IN_USE",
  runbook: "start-port-in-use",
  says: ["START_PORT_IN_USE"],
  what: { en: "another process holds its port", zh: "其端口被其他进程占用" },
  detail: {
    en: "Find out what that process is before it is stopped: often it is a second etcd, or the one that has not ended yet",
    zh: "停止之前先查清该进程：常为另一个 etcd，或尚未退出的旧进程",
  },
  findObstacles: sayHolders,
});

function sayHolders({ heldPorts }: StartFact): readonly Text[] {
  return heldPorts.map(({ address, pid, process }) =>
    pid === 0
      ? { en: `a process that cannot be seen listens on ${address}`, zh: `有无法查看的进程监听 ${address}` }
      : {
          en: `${process} (pid ${pid}) listens on ${address}`,
          zh: `${process}（pid ${pid}）正在监听 ${address}`,
        },
  );
}

/** COLLECTOR_DEGRADED: this collector cannot keep what it is told. It still sees and judges; the past will have a hole. */
import type { CollectorTrouble } from "../../view/cluster-view.ts";
import type { Text } from "../../../shared/text.ts";
import { createEvidence } from "../evidence.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { clusterSubject, RESPOND_WITHIN } from "../rule.ts";

export const collectorDegraded: Rule = {
  code: "COLLECTOR_DEGRADED",
  layer: "agent",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "collector-degraded",
  holdMs: 0,
  quietMs: 1500,
  evaluate: (cluster) => [evaluateCollector(cluster)],
};

const TITLES: Readonly<Record<CollectorTrouble["kind"], Text>> = {
  "disk-full": {
    en: "The collector's disk is full: nothing new is recorded",
    zh: "采集器的磁盘已满：新数据不再入库",
  },
  "not-writable": {
    en: "The collector cannot write its history: nothing new is recorded",
    zh: "采集器无法写入历史库：新数据不再入库",
  },
  "not-kept-small": {
    en: "The collector's history is not compacted or cleaned up: its file grows",
    zh: "采集器的历史库无法压缩和清理：文件会不断增大",
  },
  "names-full": {
    en: "The collector's history knows as many series as it can: new ones are not recorded",
    zh: "采集器历史库的序列数已达上限：新序列不再入库",
  },
  "names-of-agent": {
    en: "An agent sends ever new series to this collector: its new ones are not recorded",
    zh: "有代理不断发送新的序列：其新序列不再入库",
  },
  "part-unreadable": {
    en: "Part of the collector's history cannot be read",
    zh: "采集器的历史库有一部分无法读取",
  },
  "set-aside": {
    en: "The collector's history was damaged: it was put aside and a new one begun",
    zh: "采集器的历史库曾损坏：已改名保留，并新建了历史库",
  },
};

const DETAILS: Readonly<Record<CollectorTrouble["kind"], Text>> = {
  "disk-full": {
    en: "The live view and the API go on, and agents keep what is not acknowledged. Free space on the collector's disk: it goes on by itself",
    zh: "实时视图和 API 不受影响，代理会保留未确认的数据。请在采集器的磁盘上腾出空间，之后会自动恢复",
  },
  "not-writable": {
    en: "The live view and the API go on, and agents keep what is not acknowledged. It is tried again all the time",
    zh: "实时视图和 API 不受影响，代理会保留未确认的数据。采集器会不断重试",
  },
  "not-kept-small": {
    en: "What is new is recorded as before. It is tried again all the time; look at the collector's disk before it is full",
    zh: "新数据照常入库，采集器会不断重试。请在磁盘写满之前检查采集器的磁盘",
  },
  "names-full": {
    en: "Known series are recorded as before. Something makes ever new label values",
    zh: "已有序列照常入库。有数据源在不断产生新的标签值",
  },
  "names-of-agent": {
    en: "What it sends is shown live, known series are recorded as before, and other agents are not affected. Its labels never repeat, or its certificate is in wrong hands",
    zh: "其数据仍实时显示，已有序列照常入库，其他代理不受影响。可能是标签值从不重复，也可能是其证书已落入他人之手",
  },
  "part-unreadable": {
    en: "What is new is recorded as before, and the rest of the past can be read. Look at the collector's disk: damage that keeps it from writing makes it put the file aside and begin a new one",
    zh: "新数据照常入库，其余历史仍可读取。请检查采集器的磁盘：若损坏影响到写入，采集器会把该文件改名保留并新建历史库",
  },
  "set-aside": {
    en: "What was recorded before is in the file that was put aside. Copy it away before it is needed, and look at the collector's disk",
    zh: "此前的记录在改名保留的文件里。请先把它拷走备用，并检查采集器的磁盘",
  },
};

const ORDER: readonly CollectorTrouble["kind"][] = [
  "disk-full",
  "not-writable",
  "not-kept-small",
  "names-full",
  "names-of-agent",
  "part-unreadable",
  "set-aside",
];

function evaluateCollector(cluster: JudgedCluster): RuleOutcome {
  const subject = clusterSubject(cluster);
  const { collectorTroubles } = cluster.view;
  if (collectorTroubles === undefined) {
    const reason = {
      en: "recorded frames do not say how the collector was",
      zh: "已记录的数据不包含采集器自身的状态",
    };
    return { kind: "unknown", subject, reason };
  }
  const worst = ORDER.flatMap((kind) => collectorTroubles.find((one) => one.kind === kind) ?? [])[0];
  if (worst === undefined) {
    return { kind: "ok", subject };
  }
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: TITLES[worst.kind],
    detail: DETAILS[worst.kind],
    evidence: collectorTroubles.map((one) =>
      createEvidence(
        { node: "collector", source: "history", atMs: one.sinceMs },
        { en: one.message, zh: one.message },
      ),
    ),
    sinceMs: worst.sinceMs,
  };
}

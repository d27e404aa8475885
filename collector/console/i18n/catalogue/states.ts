/** Words of the states that only the console shows so: roles, agents, links, layers, checks, risks. */
import type {
  AgentState,
  CheckState,
  Confidence,
  FindingLayer,
  LinkReport,
  MemberRole,
  StepRisk,
} from "../../../../shared/rest.ts";
import type { Text } from "../../../../shared/text.ts";
import type { ClusterView } from "../../route/route.ts";

export const ROLES: Readonly<Record<MemberRole, Text>> = {
  leader: { en: "leader", zh: "leader" },
  follower: { en: "follower", zh: "follower" },
  learner: { en: "learner", zh: "learner" },
  unknown: { en: "–", zh: "–" },
};

export const LINK_STATES: Readonly<Record<LinkReport["state"], Text>> = {
  up: { en: "up", zh: "可达" },
  down: { en: "down", zh: "不可达" },
  unknown: { en: "unknown", zh: "未知" },
};

export const AGENT_STATES: Readonly<Record<AgentState, Text>> = {
  online: { en: "online", zh: "在线" },
  silent: { en: "silent", zh: "失联" },
  "never-seen": { en: "never seen", zh: "从未出现" },
};

export const CONFIDENCES: Readonly<Record<Confidence, Text>> = {
  certain: { en: "certain", zh: "确定" },
  likely: { en: "likely", zh: "很可能" },
  possible: { en: "possible", zh: "可能" },
};

export const CHECK_STATES: Readonly<Record<CheckState, Text>> = {
  ok: { en: "ok", zh: "正常" },
  bad: { en: "bad", zh: "异常" },
  unknown: { en: "unknown", zh: "未知" },
};

export const LAYERS: Readonly<Record<FindingLayer, Text>> = {
  process: { en: "process", zh: "进程" },
  cluster: { en: "cluster", zh: "集群" },
  storage: { en: "storage", zh: "存储" },
  network: { en: "network", zh: "网络" },
  config: { en: "configuration", zh: "配置" },
  performance: { en: "performance", zh: "性能" },
  agent: { en: "observation", zh: "观测" },
};

export const RISKS: Readonly<Record<StepRisk, Text>> = {
  "read-only": { en: "read-only", zh: "只读" },
  safe: { en: "safe", zh: "安全" },
  disruptive: { en: "disruptive", zh: "有影响" },
  destructive: { en: "destructive", zh: "破坏性" },
};

export const VIEWS: Readonly<Record<ClusterView, Text>> = {
  overview: { en: "Overview", zh: "概览" },
  trends: { en: "Trends", zh: "趋势" },
  incidents: { en: "Incidents", zh: "事件" },
  checks: { en: "Checks", zh: "检查" },
  connectivity: { en: "Connectivity", zh: "连通性" },
  certificates: { en: "Certificates", zh: "证书" },
  config: { en: "Configuration", zh: "配置" },
  backups: { en: "Backups", zh: "备份" },
  runbooks: { en: "Runbooks", zh: "处置手册" },
};

/** REQUEST_OVERLOAD: requests come faster than etcd applies them, and it refuses what is too many, more than is usual here. */
import { createSayingRule } from "../saying-rule.ts";

export const requestOverload = createSayingRule({
  code: "REQUEST_OVERLOAD",
  runbook: "request-overload",
  says: ["REQUEST_OVERLOAD"],
  windowMs: 150_000,
  overBaseline: 3,
  what: { en: "Too many requests: etcd refuses some", zh: "etcd 因请求过多而拒绝" },
  detail: {
    en: "More than 5,000 committed entries wait to be applied. Find the client that sends them; when disk or CPU is slow, that comes first",
    zh: "已提交但未应用的条目超过 5,000。请找出发送请求的客户端；若磁盘或 CPU 缓慢，先解决它们",
  },
});

/** LARGE_RESPONSES: clients read ranges of megabytes at a time, which hold up everybody else's requests. */
import { createSayingRule } from "../saying-rule.ts";

export const largeResponses = createSayingRule({
  code: "LARGE_RESPONSES",
  runbook: "large-responses",
  says: ["LARGE_RESPONSES"],
  windowMs: 150_000,
  what: { en: "Large answers hold up etcd", zh: "大范围读取拖慢 etcd" },
  detail: {
    en: "Each was over 1 MB and slow. Usually a client lists everything again and again: find it by the API server's audit log, and let it use limit, pages or a watch",
    zh: "每次均超过 1 MB 且缓慢。通常是客户端反复全量 list：可从 API server 审计日志找出，并改用 limit、分页或 watch",
  },
});

/** The rules for one node asked by itself, once: the same as a collector's, without the wait that spares it from alarms. */
import { RULES } from "./registry.ts";
import type { Rule } from "./rule.ts";
import { certNotReloaded, certNotReloadedAtOnce } from "./rules/cert-not-reloaded.ts";
import { etcdNotFound } from "./rules/etcd-not-found.ts";

export const LOCAL_RULES: readonly Rule[] = [etcdNotFound, ...RULES].map((rule) => ({
  ...(rule === certNotReloaded ? certNotReloadedAtOnce : rule),
  holdMs: 0,
}));

/** What etcd answers to /readyz?verbose and /health → its checks. Pure. */

export interface HealthResult {
  readonly name: string;
  readonly ok: boolean;
  /** etcd's words; may be empty. */
  readonly reason: string;
}

/** More than etcd has. */
const MAX_CHECKS = 20;
const MAX_REASON = 300;

/**
 * "[+]data_corruption ok" and "[-]linearizable_read failed: …" a line, as from 3.4.29 and 3.5.11 on; or {"health":"false",
 * "reason":"RAFT NO LEADER"}, without a reason before 3.5. undefined: neither, as of an etcd that has no such page.
 */
export function parseHealth(body: string): readonly HealthResult[] | undefined {
  const lines = [...body.matchAll(/^\[([+-])\]([\w-]+)(?: (?:ok|failed:? ?(.*)))?$/gm)].slice(0, MAX_CHECKS);
  if (lines.length > 0) {
    return lines.map(([, sign, name = "", reason = ""]) => ({
      name,
      ok: sign === "+",
      reason: reason.slice(0, MAX_REASON).trim(),
    }));
  }
  const health = /^\s*\{\s*"health"\s*:\s*"(true|false)"/.exec(body)?.[1];
  if (health === undefined) {
    return undefined;
  }
  return [{ name: "health", ok: health === "true", reason: findReason(body) }];
}

function findReason(body: string): string {
  try {
    const { reason } = JSON.parse(body) as { readonly reason?: unknown };
    return typeof reason === "string" ? reason.slice(0, MAX_REASON) : "";
  } catch {
    return "";
  }
}

/** Where a URL of etcd's listen flags makes it listen. */
import type { ListenAddress } from "../host/find-port-holders.ts";

/** etcd takes addresses and "localhost" to listen on, no other names; empty: it is none of these. */
export function parseListenUrl(url: string): readonly ListenAddress[] {
  const found = /^https?:\/\/(\[[^\]]*\]|[^:/]*):(\d+)/.exec(url);
  if (found === null) {
    return [];
  }
  const host = (found[1] ?? "").replace(/^\[|\]$/g, "");
  return [{ host: host === "localhost" ? "127.0.0.1" : host, port: Number(found[2]) }];
}

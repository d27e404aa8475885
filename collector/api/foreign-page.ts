/**
 * Refuses what the page of a stranger makes an operator's browser ask: by a name of its own that leads to loopback, where no
 * token is needed, or by sending a form here. Pure.
 */
import type { IncomingHttpHeaders } from "node:http";
import { EtcdscopeError } from "../../shared/errors.ts";

const LOOPBACK = /^(localhost|[a-z0-9-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;

export interface AskedBy {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** Nobody has to show a token. */
  readonly isOpen: boolean;
}

/** Throws PERMISSION_DENIED. Programs that are no browser send no Origin, and the name that they were given as Host. */
export function assertNotForeignPage({ method, headers, isOpen }: AskedBy): void {
  const { host, origin } = headers;
  if (isOpen && host !== undefined && !LOOPBACK.test(host)) {
    throw new EtcdscopeError(
      "PERMISSION_DENIED",
      `Without tokens only the names of loopback are answered (localhost, 127.0.0.1), got Host ${JSON.stringify(host.slice(0, 100))}`,
    );
  }
  const isRead = method === "GET" || method === "HEAD";
  if (!isRead && origin !== undefined && origin.replace(/^https?:\/\//, "") !== host) {
    throw new EtcdscopeError(
      "PERMISSION_DENIED",
      `A page of another site may not ask for this, got Origin ${JSON.stringify(origin.slice(0, 100))}`,
    );
  }
}

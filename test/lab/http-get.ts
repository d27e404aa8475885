/** One GET over TCP or over a socket file, with a time limit: what the lab asks a collector. */

import { request } from "node:http";

export interface HttpTarget {
  readonly port: number;
  /** Instead of the port, a relay's socket file. */
  readonly socketPath: string | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

const TIMEOUT_MS = 5_000;

export function httpGet(target: HttpTarget, path: string): Promise<HttpAnswer> {
  const where = target.socketPath === undefined ? { port: target.port } : { socketPath: target.socketPath };
  return new Promise((settle, fail) => {
    const call = request(
      { ...where, host: "127.0.0.1", path, agent: false, timeout: TIMEOUT_MS },
      (answer) => {
        let body = "";
        answer.setEncoding("utf8");
        answer.on("data", (text: string) => {
          body += text;
        });
        answer.on("error", fail);
        answer.on("end", () => settle({ status: answer.statusCode ?? 0, body }));
      },
    );
    call.on("timeout", () => call.destroy(new Error(`No answer to GET ${path} within ${TIMEOUT_MS} ms`)));
    call.on("error", fail);
    call.end();
  });
}

/**
 * Carries a TCP service out of a network namespace: listens on a socket file, which namespaces share, and connects to
 * a loopback port inside. Started there as `node socket-relay.ts SOCKET PORT`.
 */

import { connect, createServer } from "node:net";

const [socketPath = "", port = ""] = process.argv.slice(2);

createServer((outside) => {
  const inside = connect(Number(port), "127.0.0.1");
  outside.pipe(inside).pipe(outside);
  outside.on("error", () => inside.destroy());
  inside.on("error", () => outside.destroy());
}).listen(socketPath);

/** What an API server does to its etcd, beside the light load: leases that are kept alive, values bound to them, lists, and watches held open. */
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { startLightLoad, type LoadTarget } from "../bench/light-load.ts";

const USUAL = { watches: 20, leases: 30 };
const LEASE_TTL_SECONDS = 60;
/** Each lease is granted anew, its value written and the whole list read, as node heartbeats are. */
const RENEW_EVERY_MS = 10_000;

function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** Runs until the process ends; what fails is tried again with the next turn, as clients do. */
export function startKubernetesLoad(
  targets: readonly LoadTarget[],
  { watches, leases }: { readonly watches: number; readonly leases: number } = USUAL,
): void {
  startLightLoad(targets);
  const agents = targets.map(
    ({ ca, cert, key }) =>
      new Agent({ keepAlive: true, ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) }),
  );
  let turn = 0;

  function post(path: string, body: object, onEnd: (answer: string) => void): void {
    turn = (turn + 1) % targets.length;
    const url = `${targets[turn]?.url ?? ""}${path}`;
    const call = request(url, { method: "POST", agent: agents[turn] }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (piece: string) => {
        // Of a watch only the end matters.
        text = path === "/v3/watch" ? "" : text + piece;
      });
      answer.on("close", () => onEnd(text));
    });
    call.on("error", () => onEnd(""));
    call.end(JSON.stringify(body));
  }

  function renew(index: number): void {
    post("/v3/lease/grant", { TTL: LEASE_TTL_SECONDS }, (answer) => {
      const id = /"ID":"(\d+)"/.exec(answer)?.[1];
      if (id !== undefined) {
        const value = encode("v".repeat(300));
        post("/v3/kv/put", { key: encode(`/leases/node-${index}`), value, lease: id }, () => undefined);
      }
    });
  }

  function watch(): void {
    const create = { create_request: { key: encode("/load/"), range_end: encode("/load0") } };
    post("/v3/watch", create, () => setTimeout(watch, 1000));
  }

  for (let count = 0; count < watches; count += 1) {
    watch();
  }
  for (let index = 0; index < leases; index += 1) {
    setTimeout(() => setInterval(() => renew(index), RENEW_EVERY_MS), (index * RENEW_EVERY_MS) / leases);
  }
  setInterval(() => {
    post("/v3/kv/range", { key: encode("/leases/"), range_end: encode("/leases0") }, () => undefined);
  }, RENEW_EVERY_MS);
}

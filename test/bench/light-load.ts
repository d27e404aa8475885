/** The light load of a small control plane on a real etcd: 3 puts, 5 linearizable one-key ranges and one 20-key range a second, through etcd's own JSON gateway. */
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";

export interface LoadTarget {
  /** https://host:port of a member's client port. */
  readonly url: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface LoadCounts {
  readonly done: number;
  readonly failed: number;
}

const PUTS_PER_SECOND = 3;
const RANGES_PER_SECOND = 5;

/** Spreads the load over the members in turn until stopped. */
export function startLightLoad(targets: readonly LoadTarget[]): { stop(): LoadCounts } {
  const agents = targets.map(
    (target) =>
      new Agent({
        keepAlive: true,
        maxSockets: 4,
        ca: readFileSync(target.ca),
        cert: readFileSync(target.cert),
        key: readFileSync(target.key),
      }),
  );
  let turn = 0;
  let done = 0;
  let failed = 0;

  function post(path: string, body: object): void {
    turn = (turn + 1) % targets.length;
    const target = targets[turn];
    const agent = agents[turn];
    if (target === undefined || agent === undefined) {
      return;
    }
    const call = request(`${target.url}${path}`, { method: "POST", agent, timeout: 5000 }, (answer) => {
      answer.resume();
      answer.on("end", () => (answer.statusCode === 200 ? (done += 1) : (failed += 1)));
    });
    call.on("error", () => (failed += 1));
    call.on("timeout", () => call.destroy());
    call.end(JSON.stringify(body));
  }

  const value = Buffer.alloc(512, "v").toString("base64");
  let count = 0;
  const put = setInterval(() => {
    count += 1;
    post("/v3/kv/put", { key: encode(`/load/${String(count % 200).padStart(3, "0")}`), value });
  }, 1000 / PUTS_PER_SECOND);
  const range = setInterval(() => {
    post("/v3/kv/range", { key: encode(`/load/${String(count % 200).padStart(3, "0")}`) });
  }, 1000 / RANGES_PER_SECOND);
  const list = setInterval(() => {
    post("/v3/kv/range", { key: encode("/load/"), range_end: encode("/load0"), limit: 20 });
  }, 1000);

  return {
    stop: () => {
      for (const timer of [put, range, list]) {
        clearInterval(timer);
      }
      for (const agent of agents) {
        agent.destroy();
      }
      return { done, failed };
    },
  };
}

function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}
